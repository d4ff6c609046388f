// A picture and a sound from two ffmpegs in one stream: whether they are in time, and whether the relay could have known
// better. What it could know is judged by the arrival times of their units, which are recorded on the way to it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { get, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { after, type PesUnit, readProgram } from './clock-judge.js';
import { scratch } from './ffmpeg.js';
import { beeps, flashes, measure } from './flash-beep.js';
import type { Program } from '../programs/program.js';
import { until } from '../wait.js';

/** Bytes, and when each part of them came. */
class Recorded {
  readonly parts: { readonly data: Buffer; readonly atMs: number }[] = [];
  readonly #ends: number[] = [];

  push(data: Buffer, atMs = performance.now()): void {
    this.parts.push({ data, atMs });
    this.#ends.push((this.#ends.at(-1) ?? 0) + data.length);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.parts.map(({ data }) => data));
  }

  /** When the byte at this offset came, ms. */
  atMs(offset: number): number {
    const part = this.#ends.findIndex((end) => end > offset);
    return this.parts[part]!.atMs;
  }
}

export interface Pair {
  /** ffmpeg's codec options. */
  readonly video: string;
  readonly audio: string;
  /** ffmpeg's options of the multiplexer, such as `-muxdelay 2`. */
  readonly videoMux: string;
  readonly audioMux: string;
  readonly first: 'video' | 'audio';
  /** How long the one starts before the other, and how long both run. */
  readonly apartS: number;
  readonly bothS: number;
}

interface PairRun {
  readonly pair: Pair;
  readonly video: Recorded;
  readonly audio: Recorded;
  readonly output: Recorded;
}

/** A whole second of the wall clock. */
interface JudgedSecond {
  /** When its flash came out, s after the second feed's first unit came out. */
  readonly s: number;
  /** How late its beep is, ms; negative is early. */
  readonly lateMs: number;
  /** The same for a relay that puts each unit where the youngest unit of its feed up to then has it. */
  readonly knowableMs: number;
  /** And where the youngest of all units of its feed has it. */
  readonly finallyMs: number;
}

/** An encoder that ends hands on at once what it held: that is not as young as it seems. */
const END_MS = 3500;

/** A filter's expression remembers, and each thread would have one of its own. */
const ONE_THREAD = ['-filter_threads', '1'];

/** Runs both into a stream of their own. */
export async function runPair(vw: Program, name: string, pair: Pair): Promise<PairRun> {
  const stream = `stream/${name}`;
  const { first, apartS, bothS } = pair;
  await vw.api('POST', '/api/streams', { stream, feeds: [`${name}video`, `${name}audio`] });
  const [output, video, audio] = [new Recorded(), new Recorded(), new Recorded()];
  const viewer = get(`${vw.url}/ts/${stream}`, { agent: false }, (answer) => {
    answer.on('data', (data: Buffer) => output.push(data)).on('error', () => undefined);
  });
  viewer.on('error', () => undefined);
  await until(`${name} is read`, async () => (await vw.stats()).streams[stream]?.subscribers);
  const capture = (kind: 'video' | 'audio'): Promise<void> => {
    const seconds = bothS + (kind === first ? apartS : 0);
    const source = kind === 'video' ? flashes(pair.video, seconds) : beeps(pair.audio, seconds);
    const mux = (kind === 'video' ? pair.videoMux : pair.audioMux).split(' ').filter(Boolean);
    return upload(vw, `${name}${kind}`, [...source.input, ...source.output, ...mux], kind === 'video' ? video : audio);
  };
  const running = capture(first);
  await until(`${name}: the first is there`, () => (first === 'video' ? video : audio).parts.length > 0);
  await pause(apartS * 1000);
  await Promise.all([running, capture(first === 'video' ? 'audio' : 'video')]);
  await until('all was read', () => performance.now() - output.parts.at(-1)!.atMs > 500);
  viewer.destroy();
  return { pair, video, audio, output };
}

async function upload(vw: Program, feed: string, args: readonly string[], recorded: Recorded): Promise<void> {
  const post = request(`${vw.url}/ts/${feed}`, { method: 'POST', agent: false });
  post.on('error', () => undefined).on('response', (answer) => answer.resume());
  const ffmpeg = spawn('ffmpeg', ['-v', 'error', '-nostdin', ...ONE_THREAD, ...args, '-f', 'mpegts', 'pipe:1']);
  let said = '';
  ffmpeg.stderr.on('data', (data: Buffer) => (said += data.toString()));
  ffmpeg.stdout.on('data', (data: Buffer) => {
    recorded.push(data);
    post.write(data);
  });
  await once(ffmpeg, 'close');
  if (recorded.parts.length === 0) throw new Error(said);
  post.end();
  await until(`${feed} has left`, async () => !(await vw.stats()).feeds[feed]!.source);
}

/** How a feed's units come: what is known of its delay at any time. */
interface Known {
  /** Arrival less stamp of the youngest unit until then, ms. */
  delayMs(atMs: number): number;
}

/** `heldMs`: how long an encoder holds sound. */
function known(kind: 'video' | 'audio', recorded: Recorded, heldMs: number): Known {
  const { units } = readProgram(recorded.bytes);
  const origin = units[0]!.dts;
  const found: { atMs: number; delayMs: number }[] = [];
  let least = Infinity;
  let lead = Infinity;
  let before: { unit: PesUnit; atMs: number } | null = null;
  for (const unit of units) {
    const atMs = recorded.atMs(unit.at);
    if (kind === 'video') {
      if (after(unit.pts, unit.dts) < lead) {
        lead = after(unit.pts, unit.dts);
        least = Infinity;
      }
      least = Math.min(least, atMs - (after(unit.pts, origin) + lead) / 90);
    } else if (before) least = Math.min(least, before.atMs - after(unit.dts, origin) / 90 - heldMs);
    before = { unit, atMs };
    found.push({ atMs, delayMs: least });
  }
  const delayMs = (atMs: number) => (found.findLast((one) => one.atMs <= atMs) ?? found[0]!).delayMs - origin / 90;
  return { delayMs };
}

/**
 * The move of each unit of a feed that came out, ms. Units of silence are alike: they are told apart by their order from
 * the end, since only the first may be missing.
 */
function movesOf(input: readonly PesUnit[], output: readonly PesUnit[]): { unit: PesUnit; byMs: number }[] {
  const isKnown = new Set(input.map(({ media }) => media));
  const pids = output.filter(({ media }) => isKnown.has(media)).map(({ pid }) => pid);
  const count = (pid: number): number => pids.filter((one) => one === pid).length;
  const pid = [...new Set(pids)].toSorted((a, b) => count(b) - count(a))[0];
  const outs = output.filter((unit) => unit.pid === pid);
  const missing = input.length - outs.length;
  return outs.map((unit, i) => {
    const from = input[i + missing]!;
    if (from.media !== unit.media) throw new Error(`unit ${i} of ${outs.length} is another than unit ${i + missing}`);
    return { unit, byMs: after(unit.dts, from.dts) / 90 };
  });
}

/** Decodes what came out, and judges each second. */
export async function judgePair({ pair, video, audio, output }: PairRun): Promise<JudgedSecond[]> {
  const file = join(scratch(), 'received.ts');
  writeFileSync(file, output.bytes);
  const seconds = await measure(file);
  const outs = readProgram(output.bytes).units;
  const heldMs = pair.audio.startsWith('aac') ? 45 : 20;
  const tracks = ([video, audio] as const).map((recorded, i) => ({
    moves: movesOf(readProgram(recorded.bytes).units, outs),
    delays: known(i === 0 ? 'video' : 'audio', recorded, heldMs),
  }));
  const lastMs = Math.min(video.parts.at(-1)!.atMs, audio.parts.at(-1)!.atMs) - END_MS;
  const begunMs = Math.max(...tracks.map(({ moves }) => moves[0]!.unit.pts / 90));
  return seconds.map(({ flash, lateMs }) => {
    const [v, a] = tracks.map(({ moves, delays }, i) => {
      const at = flash * 1000 + (i === 0 ? 0 : lateMs);
      const near = moves.reduce((best, one) =>
        Math.abs(one.unit.pts / 90 - at) < Math.abs(best.unit.pts / 90 - at) ? one : best,
      );
      const knowable = delays.delayMs(output.atMs(near.unit.at));
      return { moved: near.byMs, knowable, finally: delays.delayMs(lastMs) };
    }) as [{ moved: number; knowable: number; finally: number }, { moved: number; knowable: number; finally: number }];
    const captured = lateMs - (a.moved - v.moved);
    return {
      s: flash - begunMs / 1000,
      lateMs,
      knowableMs: captured + a.knowable - v.knowable,
      finallyMs: captured + a.finally - v.finally,
    };
  });
}
