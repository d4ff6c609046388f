// `vw serve` and `vw token` as people run them.

import { expect } from 'chai';
import { Program } from '../support/programs/program.js';
import { SECRET, TestClient } from '../support/relay/serve.js';
import { until } from '../support/wait.js';
import { freePort } from '../support/programs/command.js';
import { outerAddress } from '../support/relay/wire.js';

type Variables = Record<string, string>;

/** `vw serve` on a port of its own, listening. */
async function startServe(variables: Variables = {}): Promise<Program & { port: number; secrets: Variables }> {
  const port = await freePort();
  const secrets = { VW_SERVE_SECRET: SECRET, VW_SERVE_AUDIENCE: `ws://127.0.0.1:${port}` };
  const program = Program.run(['serve'], { VW_SERVE_PORT: String(port), ...variables });
  await program.listens();
  return Object.assign(program, { port, url: `http://127.0.0.1:${port}`, secrets });
}

/** What `vw token` prints. */
async function token(args: readonly string[], secrets: Variables): Promise<string> {
  const program = Program.run(['token', ...args], secrets);
  expect(await program.exit(), program.stderr).to.equal(0);
  return program.stdout.trim();
}

describe('vw serve', () => {
  it('without a secret serves its own machine, says so at an address that others reach, and stops on SIGTERM', async () => {
    const serve = await startServe({ VW_SERVE_HOST: '0.0.0.0' });
    // Addresses that a person can open: this machine's, then those of its networks.
    expect(serve.line('listening')!.url).to.equal(`http://127.0.0.1:${serve.port}`);
    expect(String(serve.line('listening')!.otherUrls).split(' ')).to.include(`http://${outerAddress()}:${serve.port}`);
    expect(serve.lines.find(({ level }) => level === 'warn')?.message).to.match(/serves its own machine only/);
    const inner = new TestClient(`ws://127.0.0.1:${serve.port}/out/x`);
    await inner.opened();
    const outer = new TestClient(`ws://${outerAddress()}:${serve.port}/out/x`);
    await outer.isClosed();
    expect(outer.status).to.equal(403);
    serve.child.kill('SIGTERM');
    expect(await inner.isClosed()).to.deep.equal({ code: 1001, reason: 'the server is stopping' });
    expect(await serve.exit()).to.equal(0);
  });

  it('opened to all warns', async () => {
    const serve = await startServe({ VW_SERVE_OPEN: 'true', VW_SERVE_HOST: '0.0.0.0' });
    expect(serve.line('listening')).to.be.an('object');
    expect(serve.lines.find(({ level }) => level === 'warn')?.message).to.match(/^anyone who can reach this address/);
    const client = new TestClient(`ws://${outerAddress()}:${serve.port}/out/x`);
    await client.opened();
    const place = `${outerAddress()}:${serve.port}`;
    const { uri } = (await (await fetch(`http://${place}/session/x`, { method: 'POST' })).json()) as { uri: string };
    expect(uri, 'where it was asked for').to.match(new RegExp(`^ws://${place}/session/x\\?code=`));
  });

  it('takes what vw token makes, shows what goes on to who may see it, and logs no token', async () => {
    const port = await freePort();
    const secrets = { VW_SERVE_SECRET: SECRET, VW_SERVE_AUDIENCE: `ws://127.0.0.1:${port}/` };
    const program = Program.run(['serve', '--port', String(port)], { ...secrets, VW_LOG_LEVEL: 'debug' });
    await until('it listens', () => program.line('listening') !== undefined);
    const made = {
      write: await token(['--path', '/in/x', '--lifetime', '1m'], secrets),
      read: await token(['--topic', 'x', '--scope', 'read', '--lifetime', '8h'], secrets),
      stats: await token(['--scope', 'stats', '--lifetime', '30d'], secrets),
    };
    const viewer = new TestClient(`ws://127.0.0.1:${port}/out/x`);
    await viewer.opened();
    viewer.socket.send(made.read);
    await viewer.hears(1);
    const publisher = new TestClient(`ws://127.0.0.1:${port}/in/x`);
    await publisher.opened();
    publisher.socket.send(made.write);
    publisher.socket.send('hello');
    await viewer.hears(2);
    const refused = new TestClient(`ws://127.0.0.1:${port}/in/x`);
    await refused.opened();
    refused.socket.send(made.read);
    await refused.isClosed();
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { Authorization: made.stats } });
      return { type: response.headers.get('content-type') ?? '', text: await response.text() };
    };
    const status = JSON.parse((await get('/status')).text) as { topics: Record<string, object> };
    expect(status.topics.x).to.include({
      publishers: 1,
      viewers: 1,
      receivedMessages: 1,
      receivedBytes: 5,
      sentMessages: 1,
      sentBytes: 5,
      droppedMessages: 0,
    });
    expect(status.topics.x).to.have.keys(
      ...['sinceMs', 'publishers', 'publishingSinceMs', 'viewers', 'codecs', 'receivedMessages', 'receivedBytes'],
      ...['receivedBitsPerSecond', 'heldBackMessages', 'sentMessages', 'sentBytes', 'sentBitsPerSecond'],
      ...['droppedMessages', 'droppedBytes', 'stuckViewers', 'throttledReads', 'fault', 'muted', 'packets'],
      'continuityErrors',
    );
    expect(JSON.parse((await get('/api/stats')).text)).to.have.keys('clients', 'log', 'refusals', 'topics');
    const { type, text } = await get('/metrics');
    expect(type).to.match(/^text\/plain; version=0\.0\.4/);
    for (const line of text.trim().split('\n')) {
      expect(line).to.match(/^(# (HELP|TYPE) vw_serve_\w+ .+|vw_serve_\w+(\{topic="[^"]*"\})? [\d.e+]+)$/);
    }
    expect(text).to.contain('vw_serve_topic_viewers{topic="x"} 1\n');
    expect(text).to.contain('vw_serve_refusals_total 1\n');
    for (const one of [...Object.values(made), SECRET]) {
      expect(program.stdout + program.stderr + text).not.to.contain(one);
      expect(program.stdout).not.to.contain(one.split('.').at(-1)!);
    }
  });

  const wrong: [Variables, string][] = [
    [{ VW_SERVE_PORT: 'x' }, 'a whole number from 0 to 65535'],
    [{ VW_SERVE_OPEN: 'maybe' }, 'true or false'],
    [{ VW_SERVE_SECRET: SECRET }, 'VW_SERVE_AUDIENCE'],
    [{ VW_SERVE_SECRET: SECRET, VW_SERVE_AUDIENCE: 'relay.example' }, 'wss://relay.example.org'],
    [{ VW_SERVE_SECRET: SECRET, VW_SERVE_AUDIENCE: 'wss://relay.example', VW_SERVE_OPEN: 'true' }, 'one of them'],
    [{ VW_SERVE_SECRET: 'with a space', VW_SERVE_AUDIENCE: 'wss://relay.example' }, 'without spaces'],
    [{ VW_SERVE_CERT: '/etc/hostname' }, 'VW_SERVE_CERT and VW_SERVE_KEY go together'],
    [{ VW_SERVE_CERT: '/etc/hostname', VW_SERVE_KEY: '/etc/hostname' }, 'a PEM certificate and its key'],
    [{ VW_TRUSTED_PROXIES: 'nginx' }, 'addresses or ranges'],
    [{ VW_SERVE_EMBED: 'lab.example' }, 'origins separated by commas'],
    [{ VW_SERVE_MAX_TOPICS: '0' }, 'a whole number from 1'],
  ];
  for (const [variables, said] of wrong) {
    it(`with ${Object.keys(variables).join(' and ')} that cannot be used (${said}) ends with 2`, async () => {
      const program = Program.run(['serve', '--check-config'], variables);
      expect(await program.exit()).to.equal(2);
      expect(program.stderr).to.contain(said);
      expect(program.stderr).not.to.contain(SECRET);
      expect(program.stderr).not.to.contain('with a space');
    });
  }

  it('--check-config, --help and a port that is in use are answered as vw stream does', async () => {
    const serve = await startServe();
    const [good, help, second] = [
      Program.run(['serve', '--check-config'], serve.secrets),
      Program.run(['serve', '--help']),
      Program.run(['serve', '--port', String(serve.port)]),
    ];
    expect([await good.exit(), await help.exit(), await second.exit()]).to.deep.equal([0, 0, 1]);
    for (const name of ['VW_SERVE_PORT', 'VW_TRUSTED_PROXIES', 'VW_MAX_MESSAGE_BYTES']) {
      expect(help.stdout).to.contain(name);
    }
    expect(second.stderr).to.contain('is in use').and.to.contain('VW_SERVE_PORT');
  });

  it('ends within 5 s though a client does not read', async () => {
    const serve = await startServe();
    const viewer = new TestClient(`ws://127.0.0.1:${serve.port}/out/x`);
    const publisher = new TestClient(`ws://127.0.0.1:${serve.port}/in/x`);
    await Promise.all([viewer.opened(), publisher.opened()]);
    viewer.socket.pause();
    for (let i = 0; i < 100; i++) publisher.socket.send(Buffer.alloc(100_000));
    await publisher.flushed();
    serve.child.kill('SIGTERM');
    expect(await serve.exit()).to.equal(0);
    expect(serve.line('stopping took too long, ended')).to.equal(undefined);
  });
});

describe('vw token', () => {
  const secrets = { VW_SERVE_SECRET: SECRET, VW_SERVE_AUDIENCE: 'wss://relay.example' };

  it('makes a token of practable and of crossbar, claim for claim', async () => {
    const claims = (text: string) =>
      JSON.parse(Buffer.from(text.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
    const now = Math.floor(Date.now() / 1000);
    const one = claims(await token(['--topic', 'x', '--scope', 'read,write', '--lifetime', '90m'], secrets));
    expect(one).to.include({ topic: 'x', prefix: 'session' });
    expect([one.aud, one.scopes]).to.deep.equal([['wss://relay.example'], ['read', 'write']]);
    expect(Number(one.exp) - now).to.be.within(5400, 5410);
    expect([one.nbf, one.iat]).to.deep.equal([one.iat, Number(one.exp) - 5400]);
    const other = claims(await token(['--path', 'in/x', '--lifetime', '30s'], secrets));
    expect(other).to.have.keys('aud', 'exp', 'nbf', 'iat');
    expect(other.aud).to.equal('wss://relay.example/in/x');
  });

  const wrong: [string[], Variables, string][] = [
    [[], secrets, '--lifetime'],
    [['--lifetime', '8h'], secrets, '--scope'],
    [['--lifetime', '8h', '--scope', 'admin', '--topic', 'x'], secrets, 'read, write, stats'],
    [['--lifetime', '8h', '--scope', 'read'], secrets, '--topic'],
    [['--lifetime', '8h', '--scope', 'read', '--topic', 'a b'], secrets, 'A-Z a-z'],
    [['--lifetime', '0h', '--scope', 'read', '--topic', 'x'], secrets, '--lifetime'],
    [['--lifetime', '1y', '--scope', 'read', '--topic', 'x'], secrets, '--lifetime'],
    [['--lifetime', '8h', '--path', '/session/x'], secrets, '/in/TOPIC'],
    [['--lifetime', '8h', '--path', '/in/x', '--topic', 'x'], secrets, '--path replaces --topic'],
    [['--lifetime', '8h', '--scope', 'read', '--topic', 'x'], {}, 'VW_SERVE_SECRET'],
    [['--forever'], secrets, '--help'],
  ];
  for (const [args, variables, said] of wrong) {
    it(`${args.join(' ') || 'alone'}${variables === secrets ? '' : ' without a secret'} ends with 2`, async () => {
      const program = Program.run(['token', ...args], variables);
      expect(await program.exit()).to.equal(2);
      expect(program.stderr).to.contain(said);
      expect(program.stdout).to.equal('');
    });
  }

  it('alone says all that is wanted, the secret too', async () => {
    const program = Program.run(['token'], {});
    expect(await program.exit()).to.equal(2);
    expect(program.stderr).to.equal(
      'vw: missing: --topic TOPIC and --scope SCOPES, or --path PATH; --lifetime TIME (90m, 8h, 30d); VW_SERVE_SECRET and ' +
        'VW_SERVE_AUDIENCE (those of the vw serve that the token is for); see vw token --help\n',
    );
  });

  it('--help says what there is', async () => {
    const program = Program.run(['token', '--help']);
    expect(await program.exit()).to.equal(0);
    expect(program.stdout).to.contain('--lifetime');
  });
});
