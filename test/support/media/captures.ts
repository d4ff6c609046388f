// Captures made by real ffmpeg for tests of the media layer, split into messages with arrival times.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sent } from '../mpegts/check-ts.js';

/** A message of a capture; `atMs` counts from the capture's first video or audio unit. */
export interface Captured extends Sent {
  readonly begins: boolean;
  /** The PID of the unit in the message. */
  readonly pid: number;
  readonly dts: number;
}

let folder: string | null = null;
const made = new Map<string, Buffer>();

/** A folder for this run's files. */
export function tempFolder(): string {
  if (folder === null) {
    const made = (folder = mkdtempSync(join(tmpdir(), 'vw-mpegts-')));
    process.once('exit', () => rmSync(made, { recursive: true, force: true })); // one process runs several files
  }
  return folder;
}

/** Runs ffmpeg with these arguments and returns its transport stream; each is made once. */
export function capture(...args: string[]): Buffer {
  const key = args.join(' ');
  let bytes = made.get(key);
  if (!bytes) {
    const file = join(tempFolder(), `capture-${made.size}.ts`);
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...args, '-flush_packets', '1', '-f', 'mpegts', file]);
    bytes = readFileSync(file);
    made.set(key, bytes);
  }
  return bytes;
}

/** 5 s of video at 25 pictures a second: small, for many tests make and decode them. */
export function picture(codec: string, ...more: string[]): Buffer {
  return capture(
    '-f',
    'lavfi',
    '-i',
    'testsrc=s=160x120:r=25:d=5',
    '-c:v',
    ...codec.split(' '),
    '-threads',
    '1',
    ...more,
  );
}

/** 5 s of audio. */
export function sound(codec: string, ...more: string[]): Buffer {
  return capture('-f', 'lavfi', '-i', 'sine=f=440:r=48000:d=5', '-c:a', ...codec.split(' '), ...more);
}

function stampAt(data: Uint8Array, at: number): number {
  const b = (i: number): number => data[at + i]!;
  return (b(0) & 14) * 2 ** 29 + (b(1) << 22) + ((b(2) & 254) << 14) + (b(3) << 7) + (b(4) >> 1);
}

/**
 * Splits a capture as ffmpeg sends it: a message starts where a PES packet does (tables are included). A picture arrives at
 * its DTS, audio at the time of its end, in the same order.
 */
export function messagesOf(bytes: Buffer): Captured[] {
  const cuts: { at: number; pid: number; dts: number; audio: boolean }[] = [];
  let tables = -1;
  for (let at = 0; at < bytes.length; at += 188) {
    const pid = ((bytes[at + 1]! & 31) << 8) | bytes[at + 2]!;
    const start = (bytes[at + 1]! & 64) !== 0;
    let payload = at + 4;
    if (bytes[at + 3]! & 32) payload = at + 5 + bytes[at + 4]!;
    const isPes = start && bytes.readUIntBE(payload, 3) === 1 && payload < at + 180;
    if (!isPes) {
      if (start && tables < 0) tables = at;
      continue;
    }
    const dts = stampAt(bytes, payload + (bytes[payload + 7]! >> 6 === 3 ? 14 : 9));
    cuts.push({ at: tables >= 0 ? tables : at, pid, dts, audio: (bytes[payload + 3]! & 0xf0) !== 0xe0 });
    tables = -1;
  }
  const first = cuts[0]!.dts;
  let reached = 0;
  return cuts.map((cut, i) => {
    const next = cut.audio ? cuts.slice(i + 1).find(({ pid }) => pid === cut.pid) : undefined;
    const before = cut.audio ? cuts.slice(0, i).findLast(({ pid }) => pid === cut.pid) : undefined;
    const end = !cut.audio ? cut.dts : next ? next.dts : cut.dts + (before ? cut.dts - before.dts : 0);
    const whole = (((end - first) % 2 ** 33) + 1.5 * 2 ** 33) % 2 ** 33;
    reached = Math.max(reached, (whole - 2 ** 32) / 90);
    const data = bytes.subarray(cut.at, cuts[i + 1]?.at ?? bytes.length);
    return { data, atMs: reached, begins: i === 0, pid: cut.pid, dts: cut.dts };
  });
}

/** Messages of one feed, `byMs` later. */
export function delay(messages: readonly Captured[], byMs: number): Captured[] {
  return messages.map((message) => ({ ...message, atMs: message.atMs + byMs }));
}

/** Several feeds' messages in arrival order. */
export function interleave(feeds: Record<string, readonly Captured[]>): (Captured & { feed: string })[] {
  const all = Object.entries(feeds).flatMap(([feed, messages]) => messages.map((message) => ({ ...message, feed })));
  return all.sort((a, b) => a.atMs - b.atMs);
}

export function join188(sent: readonly Sent[]): Buffer {
  return Buffer.concat(sent.map(({ data }) => data));
}

/** ffprobe's result: codec names, and the number of decoded frames, in stream order. */
export function probe(bytes: Buffer): { codec: string; frames: number }[] {
  const file = join(tempFolder(), 'probe.ts');
  writeFileSync(file, bytes);
  const args = [
    '-v',
    'error',
    '-count_frames',
    '-show_entries',
    'stream=codec_name,nb_read_frames',
    '-of',
    'json',
    file,
  ];
  const found = JSON.parse(execFileSync('ffprobe', args, { encoding: 'utf8' })) as {
    streams: { codec_name: string; nb_read_frames?: string }[];
  };
  return found.streams.map((stream) => ({ codec: stream.codec_name, frames: Number(stream.nb_read_frames ?? 0) }));
}

/** The decoders' output at `-v warning`. */
export function warnings(bytes: Buffer): string {
  const file = join(tempFolder(), 'decode.ts');
  writeFileSync(file, bytes);
  const args = ['-v', 'warning', '-i', file, '-map', '0', '-f', 'null', '-'];
  return execFileSync('sh', ['-c', 'exec ffmpeg "$@" 2>&1', 'ffmpeg', ...args], { encoding: 'utf8' });
}
