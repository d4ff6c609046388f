// Cameras and microphones for the duration of a test: real ffmpegs that send in real time.

import { type ChildProcess, spawn } from 'node:child_process';
import { afterTest } from '../cleanup.js';

/** Pushes to `${url}/ts/${feed}` for `seconds`, in real time. */
export function live(url: string, feed: string, args: readonly string[], seconds: number): ChildProcess {
  const all = ['-nostdin', '-v', 'error', '-re', ...args, '-t', String(seconds), '-f', 'mpegts', `${url}/ts/${feed}`];
  const child = spawn('ffmpeg', all, { stdio: ['ignore', 'ignore', 'inherit'] });
  afterTest(() => child.kill('SIGKILL'));
  return child;
}

const TEST_PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=size=640x480:rate=25'];
const TONE = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'];

const MPEG1 = ['-codec:v', 'mpeg1video', '-b:v', '4000k', '-minrate', '4000k', '-maxrate', '4000k', '-bufsize', '400k'];

/** MPEG-1 video of 4 Mbit/s with a random access point every 12 pictures. */
export const CAMERA = [...TEST_PICTURE, ...MPEG1, '-bf', '0'];

/** As {@link CAMERA}, with MPEG-1 audio. */
export const CAMERA_WITH_SOUND = [
  ...[...TEST_PICTURE, ...TONE, ...MPEG1, '-bf', '0'],
  ...['-codec:a', 'mp2', '-b:a', '128k', '-muxdelay', '0.001'],
];

/** MPEG-1 audio. */
export const MICROPHONE = [...TONE, '-codec:a', 'mp2', '-b:a', '128k'];

/** H.264 with a random access point every `seconds`, and AAC. */
export function h264Camera(seconds: number, size = '640x480'): string[] {
  return [
    ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25`],
    ...TONE,
    ...['-codec:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
    ...['-g', String(25 * seconds), '-keyint_min', String(25 * seconds), '-sc_threshold', '0', '-threads', '1'],
    ...['-codec:a', 'aac', '-b:a', '96k'],
  ];
}
