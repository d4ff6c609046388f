// A picture that flashes and a sound that beeps on each whole second of the wall clock, and where they are in what comes
// out. Each is made by an ffmpeg of its own, which reads the clock itself (`time(0)`): none knows when another began.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ffmpeg, scratch } from './ffmpeg.js';

/** How a flash fades: by its brightness a picture tells how long ago the second began, between the pictures too. */
const FLASH_S = 0.2;
const WHITE = 235;
const FADE_PER_S = 500;
const BLACK = 16;
const BEEP_S = 0.1;
/** Where the sound is louder than this share of the loudest, a beep is on; what an encoder smears before it is less. */
const BEEP_SHARE = 0.5;
/** A beep has been heard to begin only if it was this quiet before, without a gap. */
const QUIET_S = 0.05;
/** Less than the shortest frame: what slewing leaves between two PES packets is no gap. */
const FRAME_S = 0.02;

/**
 * The second that something is captured at, as an expression: `aged` is the clock less its stamp. The least aged of all
 * so far is right: what is handed on later than that was not captured later.
 */
function secondOf(aged: string, stamp: string, isNext: string, isFirst: string): string {
  return `if(${isNext},st(0,if(${isFirst},${aged},min(ld(0),${aged}))));st(1,mod(ld(0)+${stamp},1))`;
}

/** ffmpeg's arguments: those for the input and those for what is made of it. */
export interface Source {
  readonly input: readonly string[];
  readonly output: readonly string[];
}

/** 25 pictures a second; `clock` is an expression, the wall clock's or another. */
export function flashes(codec: string, seconds: number, clock = 'time(0)'): Source {
  const second = secondOf(`(${clock}-T)`, 'T', 'eq(X+Y,0)', 'eq(N,0)');
  const luma = `${second};if(lt(ld(1),${FLASH_S}),${WHITE}-${FADE_PER_S}*ld(1),${BLACK})`;
  const filters = `${clock === 'T' ? '' : 'realtime,'}format=yuv420p,geq=lum='${luma}':cb=128:cr=128`;
  const source = `color=size=64x48:rate=25:duration=${seconds}`;
  return { input: ['-f', 'lavfi', '-i', source], output: ['-vf', filters, '-c:v', ...codec.split(' ')] };
}

/** Sound in chunks of 10 ms, which like a microphone's are there when they end. */
export function beeps(codec: string, seconds: number, clock = 'time(0)'): Source {
  const [rate, chunk] = [44_100, 441];
  const aged = clock === 't' ? '0' : `(${clock}-t-${chunk / rate})`;
  const second = secondOf(aged, 't', `eq(mod(n,${chunk}),0)`, 'eq(n,0)');
  const sample = `${second};if(lt(ld(1),${BEEP_S}),0.5*sin(2*PI*1000*t),0)`;
  const filters = `${clock === 't' ? '' : 'arealtime,'}aeval=exprs='${sample}',aformat=channel_layouts=mono`;
  const source = `anullsrc=r=${rate}:cl=mono:n=${chunk}:d=${seconds}`;
  return { input: ['-f', 'lavfi', '-i', source], output: ['-af', filters, '-c:a', ...codec.split(' ')] };
}

/** A whole second of the wall clock, on the recording's. */
export interface Second {
  /** When its flash is, in seconds. */
  readonly flash: number;
  /** How late its beep is, ms; negative is early. */
  readonly lateMs: number;
}

/** Where in the picture it flashes, as ffmpeg's crop filter has it, and the sound's samples a second. */
export interface Recorded {
  readonly crop: string;
  readonly rate: number;
}

/** Decodes a recording and pairs each beep with the flash next to it. */
export async function measure(
  recording: string,
  { crop, rate }: Recorded = { crop: 'iw:ih', rate: 44_100 },
): Promise<Second[]> {
  const folder = scratch();
  const [pictures, sounds, pcm] = ['pictures', 'sounds', 'pcm'].map((name) => join(folder, name));
  const luma = `crop=${crop},signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=${pictures!}`;
  const samples = `astats=metadata=1:reset=1,ametadata=print:key=lavfi.astats.Overall.Number_of_samples:file=${sounds!}`;
  await ffmpeg([
    ...['-copyts', '-i', recording, '-map', '0:v', '-vf', luma, '-fps_mode', 'passthrough', '-f', 'null', '-'],
    ...['-map', '0:a', '-af', samples, '-f', 's16le', pcm!],
  ]);
  const flashed = flashTimes(printed(pictures!));
  return beepTimes(printed(sounds!), readFileSync(pcm!), rate).flatMap((beep) => {
    const flash = flashed.reduce((best, at) => (Math.abs(at - beep) < Math.abs(best - beep) ? at : best), Infinity);
    return Math.abs(flash - beep) < 0.5 ? { flash, lateMs: (beep - flash) * 1000 } : [];
  });
}

/** What ffmpeg's (a)metadata has printed: a frame's time and the value of its key. */
function printed(file: string): { at: number; value: number }[] {
  const found = readFileSync(file, 'utf8').matchAll(/pts_time:(\S+)\s+\S+=(\S+)/g);
  return [...found].map(([, at, value]) => ({ at: Number(at), value: Number(value) }));
}

/** When each flash's second began: by the first picture of it that there is. */
function flashTimes(pictures: readonly { at: number; value: number }[]): number[] {
  return pictures.flatMap(({ at, value }, i) => {
    const isFirst = value > 100 && !((pictures[i - 1]?.value ?? 0) > 100);
    return isFirst ? at - (WHITE - value) / FADE_PER_S : [];
  });
}

function beepTimes(frames: readonly { at: number; value: number }[], pcm: Buffer, rate: number): number[] {
  const samples = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length >> 1);
  const threshold = BEEP_SHARE * samples.reduce((most, sample) => Math.max(most, sample), 0);
  const found: number[] = [];
  let first = 0;
  let quiet = 0;
  let end = NaN;
  for (const { at, value: count } of frames) {
    if (Math.abs(at - end) > FRAME_S) quiet = 0;
    for (let i = 0; i < count; i++) {
      if (samples[first + i]! < threshold) quiet++;
      else {
        if (quiet > QUIET_S * rate) found.push(at + i / rate);
        quiet = 0;
      }
    }
    first += count;
    end = at + count / rate;
  }
  return found;
}
