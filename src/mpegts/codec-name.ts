// What people call what a track carries, as far as its tables tell.
// Pure. ISO/IEC 13818-1 §2.4.4.9 (stream_type), §2.6.8 (registration descriptor); ETSI EN 300 468 §6.

import { readDescriptors, type Track } from './track.js';

const BY_TYPE: Readonly<Record<number, string>> = {
  0x01: 'mpeg1video',
  0x02: 'mpegvideo', // MPEG-2 or MPEG-1: ffmpeg's muxer writes it for both
  0x03: 'mp2', // MPEG-1 audio of any layer
  0x04: 'mp2',
  0x0f: 'aac',
  0x10: 'mpeg4',
  0x11: 'aac_latm',
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
  DTS1: 'dts',
  DTS2: 'dts',
  DTS3: 'dts',
};
const REGISTRATION_DESCRIPTOR = 0x05;
/** EN 300 468 table 12. */
const BY_DESCRIPTOR: Readonly<Record<number, string>> = {
  0x56: 'dvb_teletext',
  0x59: 'dvb_subtitle',
  0x6a: 'ac3',
  0x7a: 'eac3',
  0x7b: 'dts',
};

/**
 * A track's codec as ffmpeg names it, `mpeg1video`; `0x86` where there is no name for its stream_type here. What the media
 * itself says, which is more exact, is in `Inspector.media`.
 */
export function codecName({ streamType, descriptors }: Pick<Track, 'streamType' | 'descriptors'>): string {
  const known = BY_TYPE[streamType];
  if (known !== undefined) return known;
  for (const { tag, body } of readDescriptors(descriptors)) {
    if (tag === REGISTRATION_DESCRIPTOR) {
      const format = BY_FORMAT[String.fromCharCode(...body.subarray(0, 4))]; // format_identifier
      if (format !== undefined) return format;
    }
    const described = BY_DESCRIPTOR[tag];
    if (described !== undefined) return described;
  }
  return `0x${streamType.toString(16).padStart(2, '0')}`;
}
