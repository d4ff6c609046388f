// Rules over a restart, with the built program: killed while rules change, traced, and with a disk that fails.

import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { scratch } from '../support/media/ffmpeg.js';
import { type DiskCall, refuseWhile, Traced } from '../support/programs/failing-disk.js';
import { Program } from '../support/programs/program.js';
import { seeded } from '../support/random.js';
import { until } from '../support/wait.js';

const NOWHERE = 'ws://127.0.0.1:9/in/front';

interface Rules {
  readonly streams: { stream: string; feeds: string[] }[];
  readonly destinations: { id: string; tokenSet?: true }[];
  readonly mutes: { feed: string }[];
}

async function rulesOf(program: { api: Program['api'] }): Promise<Rules> {
  return (await program.api('GET', '/api/rules')).body as Rules;
}

describe('saved rules', () => {
  it('are all there after kill -9 while they change, if they were answered', async () => {
    const random = seeded('kill -9 while rules change');
    const state = join(scratch(), 'rules');
    const feeds = new Map<string, string>(); // by stream, as answered last
    const mutes = new Set<string>();
    for (let round = 0; round < 6; round++) {
      const program = await Program.stream({ VW_STATE: state });
      const { streams, mutes: muted } = await rulesOf(program);
      // A rule that was sent and not answered may be there or not.
      for (const [stream, feed] of feeds) {
        const there = streams.find((one) => one.stream === stream);
        expect(there?.feeds[0], `${stream} in round ${round}`).to.equal(feed);
      }
      for (const feed of mutes) expect(muted.map((one) => one.feed)).to.include(feed);
      let isKilled = false;
      let answers = 0;
      const change = async (worker: number) => {
        for (let i = 0; !isKilled; i++) {
          const [stream, feed] = [`stream/${worker}`, `feed${round}-${i}`];
          feeds.delete(stream); // unknown while it changes
          const done = await program.api('POST', '/api/streams', { stream, feeds: [feed] }).catch(() => null);
          if (done?.status === 200) feeds.set(stream, feed);
          if (done?.status === 200) answers++;
          const mute = await program.api('PUT', `/api/mutes/${worker}-${i % 20}`).catch(() => null);
          if (mute?.status === 200) mutes.add(`${worker}-${i % 20}`);
        }
      };
      const workers = [0, 1, 2].map(change);
      await until('rules have changed', () => answers >= 10);
      await new Promise((resolve) => setTimeout(resolve, random.integer(200))); // a random moment to be killed at
      program.child.kill('SIGKILL');
      await once(program.child, 'exit');
      isKilled = true;
      await Promise.all(workers);
    }
    expect(mutes.size).to.be.greaterThan(3);
    expect(readdirSync(join(state, '..')).filter((name) => name.includes('damaged'))).to.deep.equal([]);
  });

  it('are kept with tokens, for their owner only, and not those of VW_API', async () => {
    const state = join(scratch(), 'rules');
    const settings = { VW_STATE: state, VW_API: 'ws://127.0.0.1:9/api', VW_API_TOKEN: 'api-secret' };
    const first = await Program.stream(settings);
    await first.api('POST', '/api/destinations', { id: 'lab', stream: 'a', destination: NOWHERE, token: 'lab-secret' });
    first.child.kill('SIGTERM');
    await first.exit();
    expect(readFileSync(state, 'utf8'))
      .to.include('lab-secret')
      .and.not.include('apiRule')
      .and.not.include('api-secret');
    expect(statSync(state).mode & 0o777).to.equal(0o600);
    const second = await Program.stream(settings);
    expect((await rulesOf(second)).destinations).to.deep.equal([
      { id: 'lab', stream: 'a', destination: NOWHERE, tokenSet: true },
    ]);
    expect(second.stdout + second.stderr).to.not.include('lab-secret');
    expect(second.line('saved rules are in force')).to.include({ version: 'latest', destinations: 1 });
  });

  it('are used by one process: a second one names the first, a stale lock stops none', async () => {
    const state = join(scratch(), 'rules');
    const first = await Program.stream({ VW_STATE: state });
    const second = Program.run(['stream'], { VW_STATE: state });
    expect(await second.exit()).to.equal(1);
    expect(second.stderr).to.include(`another vw uses it: process ${first.pid}`);
    first.child.kill('SIGKILL');
    await first.exit();
    expect(existsSync(`${state}.lock`)).to.equal(true);
    await Program.stream({ VW_STATE: state });
  });

  it('of a newer version are refused and left untouched', async () => {
    const state = join(scratch(), 'rules');
    writeFileSync(state, '{"format":"vw rules","version":2}\nnew\n');
    for (const args of [['stream'], ['stream', '--check-config']]) {
      const program = Program.run(args, { VW_STATE: state });
      expect(await program.exit()).to.equal(1);
      expect(program.stderr).to.match(/it is of version 2, which a newer vw has written/);
    }
    expect(readFileSync(state, 'utf8')).to.equal('{"format":"vw rules","version":2}\nnew\n');
    expect(readdirSync(join(state, '..'))).to.deep.equal(['rules']);
  });

  it('that are lost leave the sound withheld, and health, stats and log say so, until the mutes are set', async () => {
    const state = join(scratch(), 'rules');
    const first = await Program.stream({ VW_STATE: state });
    for (const feed of ['a', 'b']) await first.api('PUT', `/api/mutes/${feed}`);
    first.child.kill('SIGKILL');
    await first.exit();
    truncateSync(state, 100);
    truncateSync(`${state}.previous`, 3);
    let program = await Program.stream({ VW_STATE: state });
    const UNKNOWN = /^neither the saved rules nor their previous version can be read, so it is unknown what was muted/;
    expect((await program.api('GET', '/healthcheck')).body).to.match(UNKNOWN);
    const { state: said } = await program.stats();
    expect(said.fault).to.have.property('code', 'mutes-unknown');
    expect(said.damaged.map(({ path }) => path.replace(/\d{14}$/, ''))).to.deep.equal([
      `${state}.damaged-`,
      `${state}.previous.damaged-`,
    ]);
    await until('the log says so', () => program.line('saved rules have a fault') !== undefined);
    expect(
      program.lines.filter(({ message }) => message === 'saved rules cannot be read, and are set aside'),
    ).to.have.length(2);
    await program.api('PUT', '/api/mutes/c'); // says nothing of other feeds
    program.child.kill('SIGKILL');
    await program.exit();
    program = await Program.stream({ VW_STATE: state });
    expect((await program.api('GET', '/healthcheck')).body).to.match(UNKNOWN);
    expect((await program.api('DELETE', '/api/mutes/all?feeds=keep')).status).to.equal(200);
    expect((await program.api('GET', '/healthcheck')).body).to.equal('ok');
    expect((await rulesOf(program)).mutes).to.deep.equal([{ feed: 'c', tracks: 'audio' }]);
  });

  it('whose file is damaged are those of its previous version', async () => {
    const state = join(scratch(), 'rules');
    const first = await Program.stream({ VW_STATE: state });
    for (const feed of ['a', 'b']) await first.api('PUT', `/api/mutes/${feed}`);
    first.child.kill('SIGKILL');
    await first.exit();
    truncateSync(state, 100);
    const program = await Program.stream({ VW_STATE: state });
    expect((await rulesOf(program)).mutes.map(({ feed }) => feed)).to.deep.equal(['a']);
    expect((await program.stats()).state.fault).to.have.property('code', 'previous-rules');
    expect((await program.api('GET', '/healthcheck')).body).to.match(
      /^the saved rules cannot be read: their previous version/,
    );
    await program.api('PUT', '/api/mutes/b');
    expect((await program.api('GET', '/healthcheck')).body).to.equal('ok');
  });

  it('that do not fit the limits stop the start, and stay', async () => {
    const state = join(scratch(), 'rules');
    const first = await Program.stream({ VW_STATE: state });
    for (const feed of ['a', 'b']) await first.api('PUT', `/api/mutes/${feed}`);
    first.child.kill('SIGTERM');
    await first.exit();
    const before = readFileSync(state);
    const second = Program.run(['stream'], { VW_STATE: state, VW_MAX_RULES: '1' });
    expect(await second.exit()).to.equal(1);
    expect(second.stderr).to.match(
      /2 mutes are saved, and VW_MAX_RULES=1 has room for fewer; accepted: VW_MAX_RULES=2/,
    );
    expect(readFileSync(state).equals(before)).to.equal(true);
    expect(existsSync(`${state}.lock`)).to.equal(false);
  });

  it('without VW_STATE are said once to be in memory only', async () => {
    const program = await Program.stream();
    for (const feed of ['a', 'b']) await program.api('PUT', `/api/mutes/${feed}`);
    const said = program.lines.filter(
      ({ message }) => message === 'rules are kept in memory only: a restart loses them',
    );
    expect(said).to.have.length(1);
    expect((await program.stats()).state).to.include({ file: null, saved: false });
  });

  it('cannot be where there is no folder', async () => {
    for (const args of [['stream'], ['stream', '--check-config']]) {
      const program = Program.run(args, { VW_STATE: join(scratch(), 'none', 'rules') });
      expect(await program.exit()).to.equal(1);
      expect(program.stderr).to.match(/the folder of VW_STATE=".*" cannot be used: it does not exist \(ENOENT\)/);
    }
  });
});

describe('saved rules, traced', () => {
  const stream = { stream: 'stream/a', feeds: ['a'] };

  it('are written, synced, renamed, and their folder synced before the answer', async () => {
    const state = join(scratch(), 'rules');
    const traced = await Traced.start(state, []);
    const answers: [string, string, unknown?][] = [
      ['POST', '/api/streams', stream],
      ['PUT', '/api/mutes/a'],
      ['DELETE', '/api/mutes/a'],
      ['POST', '/api/destinations', { id: '1', stream: 'a', destination: NOWHERE }],
      ['DELETE', '/api/destinations/1'],
      ['DELETE', '/api/streams/all'],
    ];
    for (const [method, path, body] of answers) expect((await traced.api(method, path, body)).status).to.equal(200);
    await traced.stop();
    const folder = join(state, '..');
    const steps: [string, (line: string) => boolean][] = [
      ['write', (line) => /\b(p?write(v|64)?)\(/.test(line) && line.includes(`<${state}.new>`)],
      ['fsync of the file', (line) => line.includes('fsync(') && line.includes(`<${state}.new>`)],
      [
        'rename',
        (line) => line.includes(`"${state}.new", "${state}"`) || line.includes(`"${state}.new", AT_FDCWD, "${state}"`),
      ],
      ['fsync of the folder', (line) => line.includes('fsync(') && line.includes(`<${folder}>`)],
      ['answer', (line) => line.includes('"HTTP/1.1 200 OK')],
    ];
    const seen = readFileSync(traced.trace, 'utf8')
      .split('\n')
      .flatMap((line) => steps.filter(([, is]) => is(line)).map(([name]) => name));
    expect(seen).to.deep.equal(answers.flatMap(() => steps.map(([name]) => name)));
  });

  // Each call with each error: test/long.
  const FAILURES: [DiskCall, string][] = [
    ['open', 'ENOSPC'],
    ['write', 'ENOSPC'],
    ['fsync of the file', 'EIO'],
    ['rename', 'EROFS'],
    ['fsync of the folder', 'EIO'],
  ];
  for (const [call, error] of FAILURES) {
    it(`are refused while ${call} fails with ${error}, and mutes take effect all the same`, async () => {
      await refuseWhile(call, error);
    });
  }
});
