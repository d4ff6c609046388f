// `vw rules` as people run it: the built program, against a relay that is a process of its own.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { certificateFor } from '../support/relay/certificates.js';
import { Answers } from '../support/relay/answers.js';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { scratch } from '../support/media/ffmpeg.js';
import { Program } from '../support/programs/program.js';
import { until } from '../support/wait.js';
import { freePort } from '../support/programs/command.js';

interface Run {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

async function rules(url: string, ...args: string[]): Promise<Run> {
  const vw = Program.run(['rules', ...args], { VW_URL: url });
  const code = await vw.exit();
  return { code, stdout: vw.stdout, stderr: vw.stderr };
}

/** A file that is gone after the test. */
function file(content: object | string): string {
  const path = join(scratch(), 'rules.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const front = { stream: 'stream/front', feeds: ['video0', 'audio0'], trimMs: { audio0: -40 } };
const sound = { feed: 'audio0', tracks: 'audio' };

describe('vw rules', () => {
  it('export and import bring all rules over a restart, and an import of what is there changes nothing', async () => {
    const endpoint = await TestEndpoint.start();
    const first = await Program.stream();
    const plain = { id: '1', stream: 'stream/front', destination: endpoint.url };
    await first.api('POST', '/api/streams', front);
    await first.api('POST', '/api/destinations', { ...plain, swap: 'break' });
    await first.api('POST', '/api/destinations', { ...plain, id: 'lab', token: 'a-token-of-lab' });
    await first.api('PUT', '/api/mutes/audio0', {});
    await first.api('PUT', '/api/mutes/data0', { binary: 'pass' });
    const path = join(scratch(), 'rules.json');

    const exported = await rules(first.url, 'export', path);
    expect(exported).to.deep.equal({
      code: 0,
      stdout: '',
      stderr: 'vw: the file contains no tokens; these destinations have one: lab\n',
    });
    const text = readFileSync(path, 'utf8');
    expect(text).not.to.contain('a-token-of-lab');
    expect((await rules(first.url, 'export')).stdout).to.equal(text);
    expect(JSON.parse(text)).to.deep.equal((await first.api('GET', '/api/rules')).body);

    const same = await rules(first.url, 'import', path);
    expect(same).to.deep.equal({ code: 0, stdout: 'nothing changed; 5 rules were in force already\n', stderr: '' });
    first.child.kill('SIGTERM');
    await first.exit();

    const second = await Program.stream();
    const without = await rules(second.url, 'import', path);
    expect(without.code).to.equal(1);
    expect(without.stdout).to.equal(
      `set mute audio0: audio
set mute data0: audio, binary passes
set stream stream/front: video0, audio0 with trimMs {"audio0":-40}
set destination 1: stream/front to ${endpoint.url} with swap break
4 rules set, 1 left as it is
`,
    );
    expect(without.stderr).to.equal(
      'vw: destination lab: its token is not in the file; give it with --tokens FILE, {"lab": "TOKEN"}\n',
    );
    const tokens = file({ lab: 'a-token-of-lab' });
    const given = await rules(second.url, 'import', path, '--tokens', tokens);
    expect([given.code, given.stderr]).to.deep.equal([0, '']);
    expect(given.stdout).to.match(
      /^set destination lab: .*, with its token\n1 rule set; 4 rules were in force already\n$/,
    );
    expect((await rules(second.url, 'export')).stdout).to.equal(text);
    expect((await rules(second.url, 'import', path)).stdout, 'its token is there').to.contain('nothing changed');
  }).timeout(60_000); // five starts of the program

  it('import disturbs no link that is as it should be', async () => {
    const [relay, endpoint] = [await Program.stream(), await TestEndpoint.start()];
    await relay.connect('video0', endpoint.url, '1');
    const other = await TestEndpoint.start();
    const path = file({
      destinations: [
        { id: '1', stream: 'video0', destination: endpoint.url },
        { id: '2', stream: 'video0', destination: other.url },
      ],
    });
    expect((await rules(relay.url, 'import', path)).code).to.equal(0);
    await until('the other link is open', () => other.client !== null);
    expect([endpoint.dials, endpoint.closeCodes]).to.deep.equal([1, []]);
  });

  it('import --replace deletes the rest; without it the rest stays', async () => {
    const relay = await Program.stream();
    await relay.api('POST', '/api/streams', front);
    await relay.api('PUT', '/api/mutes/audio0', {});
    const path = file({ streams: [{ stream: 'stream/b', feeds: ['video1'] }], destinations: [], mutes: [] });
    expect((await rules(relay.url, 'import', path)).stdout).to.equal(
      'set stream stream/b: video1\n1 rule set; 2 rules not in the file stay\n',
    );
    expect((await rules(relay.url, 'import', '--replace', '--dry-run', path)).stdout).to.equal(
      'would delete stream stream/front\nwould delete mute audio0\n2 would be deleted; 1 rule was in force already\n',
    );
    expect((await relay.api('GET', '/api/mutes/all')).body).to.deep.equal({ audio0: 'audio' });
    expect((await rules(relay.url, 'import', '--replace', path)).stdout).to.equal(
      'deleted stream stream/front\ndeleted mute audio0\n2 deleted; 1 rule was in force already\n',
    );
    expect((await relay.api('GET', '/api/rules')).body).to.deep.equal(JSON.parse(readFileSync(path, 'utf8')));
  });

  it('import deletes nothing when not all was set', async () => {
    const relay = await Program.stream();
    await relay.api('POST', '/api/streams', front);
    const destination = { id: 'lab', stream: 'video0', destination: 'https://far.example/session/lab' };
    const { code, stdout, stderr } = await rules(
      relay.url,
      'import',
      '--replace',
      file({ streams: [], destinations: [destination] }),
    );
    expect([code, stdout]).to.deep.equal([1, '2 left as they are\n']);
    expect(stderr).to.contain('vw: stream stream/front: it is not deleted, because not everything was set\n');
    expect((await relay.api('GET', '/api/streams/all')).body).to.have.property('stream/front');
  });

  it('import changes nothing when one rule is not good, and says all that is wrong', async () => {
    const relay = await Program.stream();
    const path = file({ streams: [front, { stream: 'front', feeds: [] }], mutes: [{ ...sound, tracks: 'none' }] });
    const { code, stdout, stderr } = await rules(relay.url, 'import', path);
    expect([code, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.match(
      /^vw: the file is not valid, and nothing was changed:\n {2}streams\[1\]: .*\n {2}mutes\[0\]: .*\n$/,
    );
    expect((await relay.api('GET', '/api/streams/all')).body).to.deep.equal({});
  });

  it('import lets no media flow when a mute is refused', async () => {
    const relay = await Answers.start(({ method, url }) => {
      if (method === 'PUT') return { status: 503, body: { code: 'ERR_TOO_MANY_RULES', detail: 'there are 1 mutes' } };
      return { body: url === '/api/rules' ? { streams: [], destinations: [], mutes: [] } : {} };
    });
    const { code, stdout, stderr } = await rules(relay.url, 'import', file({ streams: [front], mutes: [sound] }));
    expect([code, stdout]).to.deep.equal([1, '2 left as they are\n']);
    expect(stderr).to.equal(
      'vw: mute audio0: there are 1 mutes (ERR_TOO_MANY_RULES)\n' +
        'vw: stream stream/front: it is not set, because mute audio0 is not in force\n',
    );
    expect(relay.asked).to.deep.equal(['GET /api/rules', 'PUT /api/mutes/audio0']);
  });

  it('import does what else there is when the relay refuses a rule', async () => {
    const relay = await Program.stream({ VW_MAX_RULES: '1' });
    const streams = [front, { stream: 'stream/b', feeds: [] }];
    const { code, stdout, stderr } = await rules(relay.url, 'import', file({ streams, mutes: [sound] }));
    expect(code).to.equal(1);
    expect(stdout).to.contain('2 rules set, 1 left as it is');
    expect(stderr).to.match(/^vw: stream stream\/b: .*\(ERR_TOO_MANY_RULES\)\n$/);
  });

  it('import --wait waits for a relay that is being started', async () => {
    const port = await freePort();
    const vw = Program.run(['rules', 'import', '--wait', '20', file({ streams: [front] })], { VW_PORT: String(port) });
    const relay = await Program.stream({ VW_PORT: String(port) });
    expect(await vw.exit()).to.equal(0);
    expect((await relay.api('GET', '/api/streams/all')).body).to.have.property('stream/front');
  });

  it('finds the relay of this machine by its own settings: key, certificate and port', async () => {
    const { cert, key } = await certificateFor(['board.lab.example']);
    const [certPath, keyPath] = [file(cert), file(key)];
    const settings = { VW_CERT: certPath, VW_KEY: keyPath, VW_API_KEY: 'k1', VW_HOST: '0.0.0.0' };
    const relay = Program.run(['stream'], settings); // its API is asked by nobody who does not know the certificate
    await until('it listens', () => relay.line('listening') !== undefined);
    const { port } = new URL(String(relay.line('listening')!.url));
    const vw = Program.run(['rules', 'export'], { ...settings, VW_PORT: port });
    expect([await vw.exit(), vw.stderr]).to.deep.equal([
      0,
      'vw: the file contains no tokens; no destination has one\n',
    ]);
    const keyless = Program.run(['rules', 'export'], { VW_CERT: certPath, VW_PORT: port });
    expect(await keyless.exit()).to.equal(3);
    expect(keyless.stderr).to.contain('it requires a key');
    const distrustful = Program.run(['rules', 'export', '--url', `https://127.0.0.1:${port}`]);
    expect(await distrustful.exit()).to.equal(3);
    expect(distrustful.stderr).to.contain('its certificate is not trusted');
  });

  it('export has no destination of the settings (VW_API), which no import could set', async () => {
    const endpoint = await TestEndpoint.start();
    const relay = await Program.stream({ VW_API: endpoint.url });
    const { stdout, stderr } = await rules(relay.url, 'export');
    expect(JSON.parse(stdout)).to.deep.equal({ streams: [], destinations: [], mutes: [] });
    expect(stderr).to.equal('vw: the file contains no tokens; no destination has one\n');
  });

  for (const [args, said] of [
    [[], 'what to do is missing; accepted: vw rules export, vw rules import'],
    [['move'], '"move" is not accepted; accepted: vw rules export'],
    [['export', 'a', 'b'], '"b" is not accepted; accepted: one file'],
    [['export', '--replace'], '--replace is for vw rules import'],
    [['export', '--tokens', 'x'], '--tokens is for vw rules import'],
    [['import'], 'vw rules import requires a file; accepted: its name, or - for standard input'],
    [['import', '-', '--token', 'x'], '--token cannot be used; accepted: ID=TOKEN'],
    [['import', '-', '--wait', 'x'], '--wait=x cannot be used; accepted: seconds'],
    [['import', '-', '--force'], '--force'],
  ] as const) {
    it(`${args.join(' ')} ends with 2 and says what is accepted`, async () => {
      const { code, stdout, stderr } = await rules('http://127.0.0.1:1', ...args);
      expect([code, stdout]).to.deep.equal([2, '']);
      expect(stderr).to.contain(said);
    });
  }

  it('ends with 1 for a file that cannot be used, with 3 for a server that is not a relay', async () => {
    const relay = await Program.stream();
    const absent = await rules(relay.url, 'import', '/nowhere.json');
    expect(absent.code).to.equal(1);
    expect(absent.stderr).to.contain('vw: "/nowhere.json" cannot be read (ENOENT');
    const noJson = await rules(relay.url, 'import', file('{"token": "topsecret'));
    expect([noJson.code, noJson.stderr.includes('topsecret')]).to.deep.equal([1, false]);
    const strange = await rules(relay.url, 'import', file({ destinations: [] }), '--token', '7=x');
    expect([strange.code, strange.stderr.includes('no destination "7"')]).to.deep.equal([1, true]);
    const unwritten = await rules(relay.url, 'export', '/nowhere/rules.json');
    expect([unwritten.code, unwritten.stderr.includes('cannot be written')]).to.deep.equal([1, true]);
    const other = await Answers.start(() => ({ body: '<h1>It works!</h1>' }));
    const [stranger, gone] = [await rules(other.url, 'export'), await rules('http://127.0.0.1:1', 'export')];
    expect([stranger.code, gone.code]).to.deep.equal([3, 3]);
    expect(stranger.stderr).to.contain('is not a vw stream');
    other.reply = () => ({ status: 404, body: { code: 'ERR_NO_SUCH_PATH', detail: 'nothing' } });
    expect((await rules(other.url, 'export')).stderr).to.contain('has no /api/rules: it is a vw serve, or an older');
    other.reply = () => ({ body: { hello: 1 } });
    expect((await rules(other.url, 'export')).stderr).to.contain('its /api/rules is not understood');
  });
});
