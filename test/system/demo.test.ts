// `vw demo` as people run it: the built program, a real browser, and what comes to those who watch.

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { openBrowser, PlayerPage } from '../support/browser/browser.js';
import { DemoProgram } from '../support/programs/demo.js';
import { scratch } from '../support/media/ffmpeg.js';
import { measure } from '../support/media/flash-beep.js';
import { until } from '../support/wait.js';
import { StreamWitness } from '../support/media/witness-of-stream.js';

// EBU R37: what viewers do not notice.
const MOST_EARLY_MS = 40;
const MOST_LATE_MS = 60;
/** Inside the lamp that flashes: scripts/demo-media/card.svg. */
const LAMP = { crop: '24:24:280:164', rate: 48_000 };

describe('vw demo', function () {
  this.timeout(60_000);

  it('plays in a browser, at the relay and at the endpoint that has the stream', async () => {
    const demo = await DemoProgram.start();
    const browser = await openBrowser();
    const [atRelay, first, second] = [
      await PlayerPage.open(browser, `${demo.relay}/play/stream/demo`),
      await PlayerPage.open(browser, `${demo.endpoints[0]}/play/demo`),
      await PlayerPage.open(browser, `${demo.endpoints[1]}/play/demo`),
    ];
    for (const one of [atRelay, first]) {
      await one.page.bringToFront();
      await one.isIn('playing');
      await one.says('tracks', /^MPEG-1 \+ MPEG audio$/);
      await one.moves(30);
      await one.page.click('#sound');
      await until('sound is decoded', async () => (await one.decodedSound()) > 2000);
    }
    await first.watchForBlack();
    const body = {
      id: 'demo',
      stream: 'stream/demo',
      destination: `${demo.endpoints[1].replace('http', 'ws')}/in/demo`,
    };
    await demo.program.api('POST', '/api/destinations', body);
    await second.page.bringToFront();
    await second.isIn('playing');
    await second.moves(30);
    await first.page.bringToFront();
    expect(await first.blackFrames(), 'it keeps its last picture').to.equal(0);
    for (const one of [atRelay, first, second]) expect(await one.violations()).to.deep.equal([]);
  });

  it('flashes and beeps at the same time', async () => {
    const demo = await DemoProgram.start();
    const witness = await StreamWitness.open(demo.watchUrl(0));
    await until('some seconds have come', () => witness.seconds >= 8, 20_000);
    const recording = join(scratch(), 'received.ts');
    writeFileSync(recording, witness.recording(0));
    const late = (await measure(recording, LAMP)).map(({ lateMs }) => Math.round(lateMs));
    expect(late).to.have.length.of.at.least(5);
    for (const ms of late) expect(ms, late.join(', ')).to.be.within(-MOST_EARLY_MS, MOST_LATE_MS);
  });

  it('makes a tour twice without an error for anybody who watches', async () => {
    const demo = await DemoProgram.start(['--tour', '--every', '1']);
    const witnesses = await Promise.all([
      StreamWitness.open(`${demo.relay.replace('http', 'ws')}/ws/stream/demo`),
      StreamWitness.open(demo.watchUrl(0)),
      StreamWitness.open(demo.watchUrl(1)),
    ]);
    await until('two rounds are made', () => demo.said.includes('\n13. '), 50_000);
    const { timing } = (await demo.program.stats()).streams['stream/demo']!;
    demo.program.child.kill('SIGINT');
    expect(await demo.program.exit()).to.equal(0);
    for (const witness of witnesses) {
      const problems = witness.problems();
      const late = problems.filter((text) => /DTS of PID \d+ is -[\d.]+ ms after the PCR$/.test(text));
      expect(problems).to.deep.equal(late);
      // All runs in one process: where the machine stops it before the first pictures, their delay is not known in time.
      expect(late, 'the relay has counted them').to.have.length.of.at.most(timing.lateUnits);
    }
    expect(witnesses.map(({ runs }) => runs)).to.deep.equal([1, 3, 2]);
    const told = [...demo.said.matchAll(/continuity errors (\d+) · dropped (\d+)/g)].map(([text]) => text);
    expect(new Set(told)).to.deep.equal(new Set(['continuity errors 0 · dropped 0']));
    expect(told).to.have.length.of.at.least(12);
    expect(demo.said).to.include('1 at relay server 1, 1 at relay server 2');
  });

  it('prints the commands that it carries out, with their answers, ready for a shell', async () => {
    const demo = await DemoProgram.start();
    const commands = [...demo.said.matchAll(/^(curl [^]*?)\n# (.*)$/gm)];
    expect(commands).to.have.length(2);
    for (const [, command, answer] of commands) {
      const { stdout } = await promisify(execFile)('bash', ['-c', command!.replace('curl', 'curl -sS')]);
      expect(stdout).to.equal(`${answer}\n`);
    }
    const link = async () => (await demo.program.stats()).destinations.demo!.live;
    await until('its link is open', async () => (await link()).state === 'open');
    expect(await link(), 'a rule posted again disturbs nothing').to.include({ opens: 1, state: 'open' });
  });
});
