// One ffmpeg into a stream of one feed, as the stream's reader gets it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get, request } from 'node:http';
import { type ReadProgram, readProgram } from './clock-judge.js';
import type { Program } from '../programs/program.js';
import { until } from '../wait.js';

export interface Run {
  readonly input: ReadProgram;
  readonly output: ReadProgram;
  /** What the stream says at the end, while its source is there. */
  readonly stats: Awaited<ReturnType<Program['stats']>>['streams'][string];
}

/** Runs ffmpeg with these arguments into feed `name` of `stream/<name>`, beside other feeds of that rule if there are any. */
export async function runFeed(
  vw: Program,
  name: string,
  args: readonly string[],
  feeds: readonly string[] = [name],
): Promise<Run> {
  const stream = `stream/${name}`;
  await vw.api('POST', '/api/streams', { stream, feeds });
  const got: Buffer[] = [];
  const viewer = get(`${vw.url}/ts/${stream}`, { agent: false }, (answer) => {
    answer.on('data', (data: Buffer) => got.push(data)).on('error', () => undefined);
  });
  viewer.on('error', () => undefined);
  await until(`${name} is read`, async () => (await vw.stats()).streams[stream]?.subscribers);
  const upload = request(`${vw.url}/ts/${name}`, { method: 'POST', agent: false });
  upload.on('error', () => undefined).on('response', (answer) => answer.resume());
  const ffmpeg = spawn('ffmpeg', ['-v', 'error', '-nostdin', ...args, '-f', 'mpegts', 'pipe:1']);
  const sent: Buffer[] = [];
  let said = '';
  ffmpeg.stderr.on('data', (data: Buffer) => (said += data.toString()));
  ffmpeg.stdout.on('data', (data: Buffer) => {
    sent.push(data);
    upload.write(data);
  });
  await once(ffmpeg, 'close');
  if (sent.length === 0) throw new Error(said);
  const bytes = sent.reduce((sum, { length }) => sum + length, 0);
  await until(`all of ${name} has come`, async () => (await vw.stats()).feeds[name]!.bytes >= bytes - 187);
  const stats = (await vw.stats()).streams[stream]!;
  upload.end();
  await until(`${name} has left`, async () => !(await vw.stats()).feeds[name]!.source);
  await until('all was read', async () => {
    const before = got.length;
    return (await vw.stats()).streams[stream]!.bytes > 0 && got.length === before;
  });
  viewer.destroy();
  return { input: readProgram(Buffer.concat(sent)), output: readProgram(Buffer.concat(got)), stats };
}
