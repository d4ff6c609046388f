// The recordings that the demo plays, made by scripts/make-demo-media.

import { existsSync, readFileSync } from 'node:fs';
import { builtFile } from '../built-file.js';
import { TICKS_PER_MS } from '../mpegts/packet/timestamp.js';
import { MediaLoop } from './media-loop.js';

/** A recording and its alignment with wall-clock time: laps start at whole minutes, or at whole fractions of them. */
export interface DemoMedia {
  readonly loop: MediaLoop;
  /** PTS of the first unit, in ticks after the start of a lap. */
  readonly firstTicks: number;
  /** The delay from a unit's PTS until it is sent, in ticks: as with a camera's or a microphone's ffmpeg. */
  readonly takesTicks: number;
}

/** The delay of libavcodec's mp2 encoder: its output starts this many samples before its input, at 48 kHz. */
const ENCODER_DELAY_TICKS = -(481 * 90_000) / 48_000;

/** The picture: a clock with seconds, a lamp that flashes on each. A picture is sent when the next is due. */
export function loadPicture(): DemoMedia {
  const loop = new MediaLoop(read('picture.mpegts'));
  return { loop, firstTicks: 0, takesTicks: loop.leadTicks };
}

/** The sound: a beep at each second. A frame is sent when its last sample is due. */
export function loadSound(): DemoMedia {
  const loop = new MediaLoop(read('sound.mpegts'));
  return { loop, firstTicks: ENCODER_DELAY_TICKS, takesTicks: loop.unitTicks - ENCODER_DELAY_TICKS };
}

/** The first random access point, as a unit number counted from 1970, that is due at `nowMs` (since 1970) or later. */
export function firstUnit({ loop, ...media }: DemoMedia, nowMs: number): number {
  const unitMs = loop.unitTicks / TICKS_PER_MS;
  let unit = Math.ceil((nowMs - dueMs({ loop, ...media }, 0)) / unitMs);
  while (!loop.isAccess(unit)) unit++;
  return unit;
}

/** When a unit, counted from 1970, is sent, in milliseconds since 1970. */
export function dueMs({ loop, firstTicks, takesTicks }: DemoMedia, unit: number): number {
  return (unit * loop.unitTicks + firstTicks + takesTicks) / TICKS_PER_MS;
}

function read(name: string): Uint8Array {
  const path = builtFile(`demo/${name}`);
  if (!existsSync(path))
    throw new Error(`the demo's ${name} is missing: it should be in ${path}; npm run build puts it there`);
  return readFileSync(path);
}
