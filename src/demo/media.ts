// The recordings that the demo plays, as scripts/make-demo-media makes them.

import { existsSync, readFileSync } from 'node:fs';
import { builtFile } from '../built-file.js';
import { TICKS_PER_MS } from '../mpegts/timestamp.js';
import { MediaLoop } from './media-loop.js';

/** A recording, and how its time lies on the wall clock's: laps begin at whole minutes, or whole parts of them. */
export interface Media {
  readonly loop: MediaLoop;
  /** What the first unit's PTS is, in ticks after the beginning of a lap. */
  readonly firstTicks: number;
  /** How long after its PTS a unit is there, ticks: what a camera's or a microphone's ffmpeg takes. */
  readonly takesTicks: number;
}

/** libavcodec's mp2 encoder begins so many samples before what it is given, at 48 kHz. */
const ENCODER_DELAY_TICKS = -(481 * 90_000) / 48_000;

/** The picture: a clock that shows the seconds, a lamp that flashes on each. A picture is sent when the next is there. */
export function loadPicture(): Media {
  const loop = new MediaLoop(read('picture.mpegts'));
  return { loop, firstTicks: 0, takesTicks: loop.leadTicks };
}

/** The sound: a beep that begins on each second. A frame of it is sent when its last sample has been heard. */
export function loadSound(): Media {
  const loop = new MediaLoop(read('sound.mpegts'));
  return { loop, firstTicks: ENCODER_DELAY_TICKS, takesTicks: loop.unitTicks - ENCODER_DELAY_TICKS };
}

/** The first unit, counted from 1970, that is due at `nowMs` (since 1970) or later and that one can begin at. */
export function firstUnit({ loop, ...media }: Media, nowMs: number): number {
  const unitMs = loop.unitTicks / TICKS_PER_MS;
  let unit = Math.ceil((nowMs - dueMs({ loop, ...media }, 0)) / unitMs);
  while (!loop.isAccess(unit)) unit++;
  return unit;
}

/** When a unit, counted from 1970, is sent, milliseconds since 1970. */
export function dueMs({ loop, firstTicks, takesTicks }: Media, unit: number): number {
  return (unit * loop.unitTicks + firstTicks + takesTicks) / TICKS_PER_MS;
}

function read(name: string): Uint8Array {
  const path = builtFile(`demo/${name}`);
  if (!existsSync(path))
    throw new Error(`the demo's ${name} is missing: it should be in ${path}; npm run build puts it there`);
  return readFileSync(path);
}
