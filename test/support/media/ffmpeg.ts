// Real ffmpeg and ffprobe: makes, sends and analyses MPEG-TS.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterTest } from '../cleanup.js';

/** A folder that is removed after the test. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vw-test-'));
  afterTest(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** 25 frames a second of mpeg1video, as the camera command of docs/devices-and-players.md makes them. */
export function videoArgs(seconds: number): string[] {
  const source = `testsrc2=size=320x240:rate=25:duration=${seconds}`;
  return ['-f', 'lavfi', '-i', source, '-codec:v', 'mpeg1video', '-b:v', '1000k', '-bf', '0', '-threads', '1'];
}

function run(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  afterTest(() => child.kill('SIGKILL'));
  return child;
}

/** Runs ffmpeg to its end; rejects with its output if it failed. */
export async function ffmpeg(args: readonly string[]): Promise<void> {
  const child = run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...args]);
  let said = '';
  child.stderr!.on('data', (text: Buffer) => (said += text.toString()));
  child.stdout!.resume();
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}: ${said}`);
}

/** How many pictures of a file decode, and what the decoder complained of. */
export async function decode(path: string): Promise<{ pictures: number; complaints: string }> {
  const args = ['-v', 'warning', '-count_frames', '-select_streams', 'v:0', '-show_entries', 'stream=nb_read_frames'];
  const child = run('ffprobe', [...args, '-of', 'csv=p=0', path]);
  let out = '';
  let complaints = '';
  child.stdout!.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr!.on('data', (text: Buffer) => (complaints += text.toString()));
  await once(child, 'close');
  return { pictures: parseInt(out, 10), complaints };
}
