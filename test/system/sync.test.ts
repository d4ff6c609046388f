// Sound in time with its picture, through the whole relay: two live ffmpegs, an upload each, a stream, an endpoint.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterTest } from '../support/cleanup.js';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { ffmpeg, scratch } from '../support/media/ffmpeg.js';
import { beeps, flashes, measure, type Second } from '../support/media/flash-beep.js';
import { Program } from '../support/programs/program.js';
import { pause, until } from '../support/wait.js';

// EBU R37: what viewers do not notice.
const MOST_EARLY_MS = 40;
const MOST_LATE_MS = 60;
/** How long both run. */
const BOTH_S = 8;
const BURST_S = 2;

const CODECS = {
  'mpeg1video and mp2': ['mpeg1video -b:v 500k -bf 0', 'mp2 -b:a 128k'],
  'H.264 and AAC': ['libx264 -preset ultrafast -tune zerolatency -g 25', 'aac -b:a 96k'],
} as const;
const DELAYS = { '0.001': ['-muxdelay', '0.001'], "ffmpeg's default": [], '2': ['-muxdelay', '2'] } as const;

/** A filter's expression remembers, and each thread would have one of its own. */
const ONE_THREAD = ['-filter_threads', '1'];

interface Case {
  readonly codecs: keyof typeof CODECS;
  readonly muxdelay: keyof typeof DELAYS;
  /** Which of the two has it, where the other has 0.001. */
  readonly delayed?: 'video' | 'audio';
  readonly first: 'video' | 'audio';
  /** How long the one starts before the other. */
  readonly apart: number;
  /** Who sends its first seconds in one go. */
  readonly bursts?: readonly ('video' | 'audio')[];
}

/** What lies between an ffmpeg and the relay: it lets nothing through for a while, and then all of it at once. */
async function stalledFor(seconds: number, port: number): Promise<number> {
  const server = createServer((socket) => {
    const onward = connect(port, '127.0.0.1');
    afterTest(() => [socket, onward].forEach((one) => one.destroy()));
    for (const one of [socket, onward]) one.setNoDelay(true).on('error', () => undefined);
    const held: Buffer[] = [];
    const hold = (data: Buffer): unknown => held.push(data);
    socket.on('data', hold);
    setTimeout(() => {
      socket.off('data', hold);
      onward.write(Buffer.concat(held));
      socket.pipe(onward).pipe(socket);
    }, seconds * 1000);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterTest(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Runs two captures into a stream of their own and measures what its endpoint got. */
async function run(
  vw: Program,
  name: string,
  { codecs, muxdelay, delayed, first, apart, bursts = [] }: Case,
): Promise<Second[]> {
  const [videoCodec, audioCodec] = CODECS[codecs];
  const endpoint = await TestEndpoint.start();
  const stream = `stream/${name}`;
  await vw.api('POST', '/api/streams', { stream, feeds: [`${name}video`, `${name}audio`] });
  await vw.connect(stream, endpoint.url, name);
  const seconds = (kind: 'video' | 'audio') =>
    kind === first ? BOTH_S + apart + (bursts.includes(kind) ? BURST_S : 0) : BOTH_S;
  const capture = async (kind: 'video' | 'audio') => {
    const port = bursts.includes(kind) ? await stalledFor(BURST_S, vw.port) : vw.port;
    const { input, output } = kind === 'video' ? flashes(videoCodec, seconds(kind)) : beeps(audioCodec, seconds(kind));
    const url = `http://127.0.0.1:${port}/ts/${name}${kind}`;
    const delay = DELAYS[delayed === undefined || delayed === kind ? muxdelay : '0.001'];
    await ffmpeg([...ONE_THREAD, ...input, ...output, ...delay, '-f', 'mpegts', url]);
  };
  const running = capture(first);
  await until(`${name}: the first is there`, async () => (await vw.stats()).feeds[name + first]?.messages);
  await pause(apart * 1000);
  await Promise.all([running, capture(first === 'video' ? 'audio' : 'video')]);
  await until('both have left', async () => {
    const { feeds } = await vw.stats();
    return [`${name}video`, `${name}audio`].every((feed) => !feeds[feed]!.source);
  });
  await vw.api('DELETE', `/api/destinations/${name}`);
  await until('the link is closed', () => endpoint.closeCodes.length === 1);
  const recording = join(scratch(), 'received.ts');
  writeFileSync(recording, endpoint.bytes);
  return measure(recording);
}

/** Runs all at once; the cases in which sound is not in time in the last `seconds`, or not there. */
async function wrongOnes(cases: readonly Case[], least: number, seconds = Infinity): Promise<string[]> {
  const vw = await Program.stream();
  const found = await Promise.all(cases.map((one, i) => run(vw, `case${i}`, one)));
  return found.flatMap((all, i) => {
    const late = all.slice(-seconds).map(({ lateMs }) => Math.round(lateMs));
    const areInTime = late.every((ms) => ms >= -MOST_EARLY_MS && ms <= MOST_LATE_MS);
    return areInTime && late.length >= least ? [] : `${JSON.stringify(cases[i])}: ${late.join(', ')} ms late`;
  });
}

const CODEC_NAMES = ['mpeg1video and mp2', 'H.264 and AAC'] as const;
const KINDS = ['video', 'audio'] as const;

describe('flash and beep on the whole second, from two ffmpegs', () => {
  for (const codecs of CODEC_NAMES) {
    it(`are measured to 2 ms in ${codecs}`, async () => {
      const [video, audio] = [flashes(CODECS[codecs][0], 5, 'T'), beeps(CODECS[codecs][1], 5, 't')];
      const file = join(scratch(), 'one-clock.ts');
      const made = [...video.input, ...audio.input, ...video.output, ...audio.output];
      await ffmpeg([...ONE_THREAD, ...made, '-f', 'mpegts', file]);
      const seconds = await measure(file);
      expect(seconds).to.have.length.of.at.least(3);
      for (const { lateMs } of seconds) expect(lateMs).to.be.closeTo(0, 2);
    });
  }

  it('are in time from the first second on, whichever begins, at either muxdelay', async () => {
    const cases = CODEC_NAMES.flatMap((codecs) =>
      (['0.001', "ffmpeg's default"] as const).flatMap((muxdelay) =>
        KINDS.map((first, i) => ({ codecs, muxdelay, first, apart: 2.3 + 0.4 * i })),
      ),
    );
    expect(await wrongOnes(cases, 6)).to.deep.equal([]);
  }).timeout(60_000);

  it('are in time when one of them has a mux delay of 2 s, whichever begins', async () => {
    const cases = KINDS.flatMap((delayed) =>
      KINDS.map((first, i) => {
        const common = { codecs: 'H.264 and AAC', muxdelay: '2', apart: 2.3 + 0.4 * i } as const;
        return { ...common, delayed, first };
      }),
    );
    expect(await wrongOnes(cases, 6)).to.deep.equal([]);
  }).timeout(60_000);

  it('are in time once a burst of 2 s at the start is over', async () => {
    const cases = CODEC_NAMES.flatMap((codecs) =>
      KINDS.flatMap((first, i) => {
        const second = KINDS[1 - i]!;
        const common = { codecs, muxdelay: "ffmpeg's default", first } as const;
        return [
          { ...common, apart: 2.3 + 0.4 * i, bursts: [second] },
          { ...common, apart: 2.9 + 0.4 * i, bursts: KINDS },
        ];
      }),
    );
    // Pictures of a burst come when their time is over and are drawn together: the 5 whole seconds after it count.
    expect(await wrongOnes(cases, 4, 5)).to.deep.equal([]);
  }).timeout(60_000);
});
