import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { DEFAULT_LIMITS } from '../../src/config/limits.js';
import { loadConfig, settings, unknownVariables } from '../../src/config/stream-config.js';
import { createLog, type LogForm } from '../../src/log/log.js';
import { safeUrl } from '../../src/log/safe-url.js';
import { afterTest } from '../support/cleanup.js';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { scratch } from '../support/media/ffmpeg.js';
import { Program } from '../support/programs/program.js';
import { packets } from '../support/mpegts/ts.js';
import { RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

const version = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

describe('vw', () => {
  for (const args of [['version'], ['--version']]) {
    it(`${args.join(' ')} prints the version`, async () => {
      const vw = Program.run(args);
      expect(await vw.exit()).to.equal(0);
      expect(vw.stdout).to.equal(`${version}\n`);
    });
  }

  it('--help and stream --help say what there is', async () => {
    const [all, stream] = [Program.run(['--help']), Program.run(['stream', '--help'])];
    expect([await all.exit(), await stream.exit()]).to.deep.equal([0, 0]);
    expect(all.stdout).to.contain('vw stream');
    for (const { env, option } of settings()) {
      expect(stream.stdout).to.contain(env);
      expect(stream.stdout).to.contain(`--${option}`);
    }
  });

  for (const [args, said] of [
    [[], 'usage'],
    [['streem'], 'streem'],
    [['stream', '--prot', '1'], '--prot'],
    [['stream', 'now'], 'now'],
    [['stream', '--port'], '--port'],
    [['stream', '--api-kye', 'x'], '(--api-key was meant?)'],
    [['status', '--key', 'a-secret'], '--key is a PEM file, of vw stream and vw serve; the API key is --api-key'],
    [['rules', 'export', '--key=a-secret'], 'the API key is --api-key'],
  ] as const) {
    it(`"${args.join(' ')}" ends with 2 and says what is wrong`, async () => {
      const vw = Program.run(args);
      expect(await vw.exit()).to.equal(2);
      expect(vw.stderr).to.contain(said).and.not.contain('a-secret');
    });
  }
});

describe('vw stream', () => {
  const wrong: [Record<string, string>, string][] = [
    [{ VW_PORT: 'http' }, 'a whole number from 0 to 65535'],
    [{ VW_PORT: '65536' }, 'a whole number from 0 to 65535'],
    [{ VW_LOG_LEVEL: 'loud' }, 'error, warn, info, debug'],
    [{ VW_LOGLEVEL: 'loud' }, 'error, warn, info, debug'],
    [{ VW_CA: '/nowhere/ca.pem' }, 'PEM file'],
    [{ VW_CA: '/etc/hostname' }, 'PEM file'],
    [{ VW_DIAL_TIMEOUT_MS: '-1' }, 'a whole number from 1'],
    [{ VW_MAX_CLIENTS: '1.5' }, 'a whole number from 1'],
    [{ VW_BACKOFF_MAX_MS: '10' }, 'at least VW_BACKOFF_MIN_MS'],
  ];
  for (const [variables, accepted] of wrong) {
    const [[name, value]] = Object.entries(variables) as [[string, string]];
    it(`with ${name}=${value} ends with 2 and says what is accepted`, async () => {
      const vw = Program.run(['stream'], variables);
      expect(await vw.exit()).to.equal(2);
      for (const part of [name, `"${value}"`, accepted]) expect(vw.stderr).to.contain(part);
      expect(vw.stderr.trim().split('\n')).to.have.length(1);
      expect(vw.stdout).to.equal('');
    });
  }

  it('--check-config says whether the configuration is valid, and starts nothing', async () => {
    const [good, bad] = [
      Program.run(['stream', '--check-config']),
      Program.run(['stream', '--check-config', '--port', 'x']),
    ];
    expect([await good.exit(), await bad.exit()]).to.deep.equal([0, 2]);
    expect(good.stdout).to.contain('valid');
    expect(bad.stderr).to.contain('--port="x"');
  });

  it('--check-config says all that the start would say, in the same words', async () => {
    const variables = { VW_APIKEY: 'x', VW_API_KEY: 'short', VW_HOST: '0.0.0.0' };
    const [check, proxy, serve, started] = [
      Program.run(['stream', '--check-config'], variables),
      Program.run(['stream', '--check-config'], { HTTPS_PROXY: 'ftp://nowhere' }),
      Program.run(['serve', '--check-config'], { VW_SERVE_HOST: '0.0.0.0', VW_SERVE_OPEN: 'true', VW_SERVE_PROT: '1' }),
      await Program.stream(variables),
    ];
    expect([await check.exit(), await proxy.exit(), await serve.exit()]).to.deep.equal([0, 2, 0]);
    expect(check.stdout).to.equal(
      'warning: unknown variable, not used (variable=VW_APIKEY, meant=VW_API_KEY)\n' +
        'warning: VW_API_KEY is short: it can be guessed (wanted=16)\n' +
        'the configuration is valid\n',
    );
    const said = started.lines.filter(({ level }) => level === 'warn');
    for (const { message } of said) expect(check.stdout).to.include(`warning: ${String(message)} (`);
    expect(said).to.have.lengthOf(2);
    expect(proxy.stderr).to.match(/^vw: HTTPS_PROXY cannot be used; accepted: /);
    expect(serve.stdout).to.include('meant=VW_SERVE_PORT').and.include('warning: anyone who can reach');
  });

  it('--check-config reports an address that cannot be listened on, as the start does; not that the port is in use, as it is while vw runs', async () => {
    const variables = { VW_HOST: '192.0.2.1', VW_API_KEY: 'a-key-of-sixteen-characters' }; // TEST-NET-1 (RFC 5737)
    const running = await Program.stream();
    const [check, start, beside] = [
      Program.run(['stream', '--check-config'], variables),
      Program.run(['stream'], variables),
      Program.run(['stream', '--check-config'], { VW_PORT: String(running.port) }),
    ];
    expect([await check.exit(), await start.exit(), await beside.exit()]).to.deep.equal([1, 1, 0]);
    expect(check.stderr).to.equal(start.stderr).and.contain('VW_HOST="192.0.2.1" is not an address of this machine');
    expect(check.stdout).not.to.contain('good');
  });

  it('ends with 1 and says so when its port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    afterTest(() => server.close());
    const { port } = server.address() as AddressInfo;
    const vw = Program.run(['stream', '--port', String(port)]);
    expect(await vw.exit()).to.equal(1);
    expect(vw.stderr).to.contain(`127.0.0.1:${port} is in use`);
  });

  it('writes JSON lines on stdout, and nothing else anywhere', async () => {
    const vw = await Program.stream({ VW_LOG_LEVEL: 'DEBUG', VW_MISSPELT: '1' });
    for (const line of vw.lines) expect(line).to.include.keys('level', 'message', 'timestamp');
    expect(vw.line('unknown variable, not used')).to.include({ level: 'warn', variable: 'VW_MISSPELT' });
    expect(vw.stderr).to.equal('');
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`closes its links with 1001 on ${signal}, answers uploads, and ends with 0`, async () => {
      const vw = await Program.stream();
      const endpoint = await TestEndpoint.start();
      await vw.api('POST', '/api/destinations', { id: '0', stream: 'video0', destination: endpoint.url });
      const upload = RawUpload.begin(vw.port, 'video0');
      await until('a message has arrived', () => {
        upload.chunk(packets(3)); // until the link is open they go nowhere
        return endpoint.messages.length > 0;
      });
      const client = new WebSocket(`ws://127.0.0.1:${vw.port}/ws/video0`);
      afterTest(() => client.terminate());
      await once(client, 'open');
      const clientClosed = once(client, 'close');
      vw.child.kill(signal);
      expect(await vw.exit()).to.equal(0);
      expect(endpoint.closeCodes).to.deep.equal([1001]);
      expect((await clientClosed)[0]).to.equal(1001);
      expect((await upload.answer()).status).to.equal(503);
      expect(vw.line('stopped')).to.be.an('object');
    });
  }

  it('ends within 5 s though endpoints and clients do not answer', async () => {
    const vw = await Program.stream({ VW_CLOSE_TIMEOUT_MS: '1500' });
    const [frozen, silent] = [await TestEndpoint.start(), await TestEndpoint.start({ isSilent: true })];
    await vw.api('POST', '/api/destinations', { id: '1', stream: 'video0', destination: frozen.url });
    await vw.api('POST', '/api/destinations', { id: '2', stream: 'video0', destination: silent.url });
    await until('both were dialled', () => frozen.client !== null && silent.dials === 1);
    frozen.pause();
    const upload = RawUpload.begin(vw.port, 'video0', 'length');
    upload.write(packets(3));
    await until('it is taken', async () =>
      JSON.stringify((await vw.api('GET', '/api/stats')).body).includes('"packets":3'),
    );
    vw.child.kill('SIGTERM');
    expect(await vw.exit()).to.equal(0);
    expect(vw.line('stopping took too long, ended'), 'its limit of 4.5 s').to.equal(undefined);
  });

  it('ends at once on a second signal', async () => {
    const vw = await Program.stream({ VW_CLOSE_TIMEOUT_MS: '4000' });
    const frozen = await TestEndpoint.start();
    await vw.api('POST', '/api/destinations', { id: '1', stream: 'video0', destination: frozen.url });
    await until('it is open', () => frozen.client !== null);
    frozen.pause();
    vw.child.kill('SIGTERM');
    await until('it is stopping', () => vw.line('stopping'));
    vw.child.kill('SIGTERM');
    expect(await vw.exit()).to.equal(1); // which only the second signal answers
    expect(vw.line('stopped')).to.equal(undefined);
  });

  it('takes a file of authorities, and no file of which one cannot be read', async () => {
    const path = join(scratch(), 'ca.pem');
    const check = () => Program.run(['stream', '--check-config'], { VW_CA: path }).exit();
    writeFileSync(path, rootCertificates.slice(0, 2).join('\n'));
    expect(await check()).to.equal(0);
    writeFileSync(path, `${rootCertificates[0]}\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`);
    expect(await check()).to.equal(2);
  });
});

describe('loadConfig', () => {
  it('blames the variable that is wrong, not one that is empty', () => {
    const env = { VW_PORT: '', VW_LOG_LEVEL: '', VW_CACHE_MB: 'much' };
    expect(() => loadConfig({}, env)).to.throw('VW_CACHE_MB="much" cannot be used');
    expect(() => loadConfig({}, { VW_LOG_LEVEL: '', VW_LOGLEVEL: 'loud' })).to.throw(
      'VW_LOGLEVEL="loud" cannot be used',
    );
  });

  it('has the defaults that docs/reference names', () => {
    expect(loadConfig({}, {})).to.deep.include({
      port: 8888,
      host: '127.0.0.1',
      logLevel: 'info',
      caFile: null,
      headersTimeoutMs: 10_000,
      keepAliveMs: 15_000,
      limits: DEFAULT_LIMITS,
      maxConnections: 1000,
      maxPending: 500,
      apiKey: null,
      allowed: { hosts: new Set(), origins: new Set() },
      certificate: null,
      commands: null,
      state: null,
    });
  });

  it('takes arguments over the environment', () => {
    expect(loadConfig({ port: '9000' }, { VW_PORT: '9001' }).port).to.equal(9000);
    expect(loadConfig({}, { VW_PORT: '9001' }).port).to.equal(9001);
  });

  it('takes an argument as it is written, as it takes a variable', () => {
    // 0x10 was port 16 and 1e3 port 1000 as arguments, and refused as variables; a host 1.10 became 1.1.
    for (const text of ['0x10', '1e3', '8e1', '-1', '']) {
      expect(() => loadConfig({ port: text }, {}), text).to.throw(`--port="${text}" cannot be used`);
      if (text === '') continue; // an empty variable is not set
      expect(() => loadConfig({}, { VW_PORT: text }), text).to.throw(`VW_PORT="${text}" cannot be used`);
    }
    expect(loadConfig({ host: '127.10' }, {}).host).to.equal('127.10');
  });

  it('takes log levels in any case, "warning" too, under both names', () => {
    for (const env of [
      { VW_LOG_LEVEL: 'WARN' },
      { VW_LOGLEVEL: 'warning' },
      { VW_LOG_LEVEL: 'Warning', VW_LOGLEVEL: 'error' },
    ]) {
      expect(loadConfig({}, env).logLevel).to.equal('warn');
    }
  });

  it('has a setting for every limit', () => {
    expect(settings().map(({ name }) => name)).to.include.members(Object.keys(DEFAULT_LIMITS));
  });

  it('knows what means nothing to it', () => {
    expect(unknownVariables({ VW_PROT: '1', VW_LOGLEVEL: 'info', PATH: '' })).to.deep.equal(['VW_PROT']);
  });
});

describe('the log', () => {
  /** What the log of a terminal writes. */
  function written(form: LogForm): string {
    const folder = mkdtempSync(join(tmpdir(), 'vw-'));
    const fd = openSync(join(folder, 'log'), 'w+');
    try {
      createLog('info', form, fd).info('endpoint\u0007 said', { reason: 'two\nlines' });
      return readFileSync(join(folder, 'log'), 'utf8');
    } finally {
      closeSync(fd);
      rmSync(folder, { recursive: true });
    }
  }

  it('is painted on a terminal, and is not where NO_COLOR says so', () => {
    expect(written('coloured')).to.contain('\u001b[32m');
    expect(written('plain')).not.to.contain('\u001b');
  });

  it('keeps a fact on one line', () => {
    expect(written('plain').trimEnd().split('\n')).to.have.length(1);
  });

  it('shows no secret of a URL', () => {
    expect(safeUrl('wss://u:p@h:1/path?code=x')).to.equal('wss://h:1/path');
  });
});
