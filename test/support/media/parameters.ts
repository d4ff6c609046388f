// The media parameters of a capture, by an Inspector and by ffprobe, in one form.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Inspector } from '../../../src/mpegts/inspect/inspector.js';
import type { TrackMedia } from '../../../src/mpegts/inspect/track-media.js';
import { tempFolder } from './captures.js';

/** The packets of a capture in messages of this many. */
export function inspected(bytes: Buffer, packets = 7): Inspector {
  const inspector = new Inspector();
  for (let at = 0; at < bytes.length; at += 188 * packets) inspector.inspect(bytes.subarray(at, at + 188 * packets));
  return inspector;
}

/** The fields that are compared: not PID and the like. */
export function shownParameters({ codec, width, height, frameRate, sampleRate, channels }: TrackMedia) {
  return { codec, width, height, frameRate, sampleRate, channels };
}

interface Probed {
  readonly codec_name: string;
  readonly width?: number;
  readonly height?: number;
  readonly r_frame_rate: string;
  readonly sample_rate?: string;
  readonly channels?: number;
}

/** The same fields from ffprobe. */
export function probed(bytes: Buffer) {
  const file = join(tempFolder(), 'media.ts');
  writeFileSync(file, bytes);
  const json = execFileSync('ffprobe', ['-v', 'error', '-show_streams', '-of', 'json', file], { encoding: 'utf8' });
  const { streams } = JSON.parse(json) as { streams: Probed[] }; // ffprobe's format
  return streams.map((one) => {
    const [frames, seconds] = one.r_frame_rate.split('/').map(Number) as [number, number];
    return {
      codec: one.codec_name,
      width: one.width ?? null,
      height: one.height ?? null,
      frameRate: frames === 0 ? null : Math.round((1000 * frames) / seconds) / 1000,
      sampleRate: one.sample_rate === undefined ? null : Number(one.sample_rate),
      channels: one.channels ?? null,
    };
  });
}
