// What people call what a track carries.
// Pure. ISO/IEC 13818-1 §2.4.4.9 (stream_type), §2.6.8 (registration descriptor); ETSI EN 300 468 §6.

import { readDescriptors, type Track } from './track.js';

const BY_TYPE: Readonly<Record<number, string>> = {
  0x01: 'mpeg1video',
  0x02: 'mpegvideo', // MPEG-2 or MPEG-1: ffmpeg's muxer writes it for both
  0x03: 'mp2', // MPEG-1 audio of any layer
  0x04: 'mp2',
  0x0f: 'aac',
  0x10: 'mpeg4',
  0x11: 'aac',
  0x1b: 'h264',
  0x24: 'hevc',
  0x33: 'vvc',
  0x81: 'ac3',
  0x87: 'eac3',
};
const BY_FORMAT: Readonly<Record<string, string>> = {
  Opus: 'opus',
  'AC-3': 'ac3',
  EAC3: 'eac3',
  HEVC: 'hevc',
  AV01: 'av1',
  VP09: 'vp9',
};
const REGISTRATION_DESCRIPTOR = 0x05;

/** A track's codec as ffmpeg names it, `mpeg1video`; `0x86` where there is no name for its stream_type here. */
export function codecName({ streamType, descriptors }: Track): string {
  const known = BY_TYPE[streamType];
  if (known !== undefined) return known;
  for (const { tag, body } of readDescriptors(descriptors)) {
    if (tag === REGISTRATION_DESCRIPTOR) {
      const format = BY_FORMAT[String.fromCharCode(...body.subarray(0, 4))]; // format_identifier
      if (format !== undefined) return format;
    }
    if (tag === 0x6a) return 'ac3';
    if (tag === 0x7a) return 'eac3';
  }
  return `0x${streamType.toString(16).padStart(2, '0')}`;
}
