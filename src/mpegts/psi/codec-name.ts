// The usual name of a track's codec, as far as its tables identify it.
// Pure. ISO/IEC 13818-1 §2.4.4.9 (stream_type), §2.6.8 (registration descriptor); ETSI EN 300 468 §6.

import { METADATA_DESCRIPTOR, metadataFormat, readDescriptors, type Track } from './track.js';

const BY_TYPE: Readonly<Record<number, string>> = {
  0x01: 'mpeg1video',
  0x02: 'mpegvideo', // MPEG-2 or MPEG-1: ffmpeg's muxer writes it for both
  0x03: 'mp2', // MPEG-1 audio of any layer
  0x04: 'mp2',
  0x0f: 'aac',
  0x10: 'mpeg4',
  0x11: 'aac_latm',
  0x1b: 'h264',
  0x1c: 'aac',
  0x24: 'hevc',
  0x33: 'vvc',
  0x42: 'cavs',
  0x81: 'ac3',
  0x82: 'dts',
  0x83: 'truehd',
  0x85: 'dts',
  0x87: 'eac3',
  0x8a: 'dts',
  0xd1: 'dirac',
  0xea: 'vc1',
};
/** On Blu-ray discs, marked by a registration descriptor of the program or of the track. */
const BY_HDMV_TYPE: Readonly<Record<number, string>> = {
  0x80: 'pcm_bluray',
  0x84: 'eac3',
  0x86: 'dts',
  0x90: 'hdmv_pgs_subtitle',
  0xa1: 'eac3',
  0xa2: 'dts',
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
  BSSD: 's302m',
  drac: 'dirac',
  'VC-1': 'vc1',
  KLVA: 'klv',
  'ID3 ': 'timed_id3',
};
const HDMV = 'HDMV';
/** SCTE-35, if a registration descriptor marks it; elsewhere 0x86 may be anything. */
const CUEI = 'CUEI';
const NOTHING = new Uint8Array(0);
const REGISTRATION_DESCRIPTOR = 0x05;
/** EN 300 468 table 12. */
const BY_DESCRIPTOR: Readonly<Record<number, string>> = {
  0x56: 'dvb_teletext',
  0x59: 'dvb_subtitle',
  0x6a: 'ac3',
  0x7a: 'eac3',
  0x7b: 'dts',
  0x7c: 'aac',
};

/**
 * A track's codec as ffmpeg names it, such as `mpeg1video`; the number (`0x86`) for a stream_type without a name here.
 * `Inspector.media` is more exact: it reads the media itself. `programDescriptors` are those of the whole program.
 */
export function codecName(
  { streamType, descriptors }: Pick<Track, 'streamType' | 'descriptors'>,
  programDescriptors: Uint8Array = NOTHING,
): string {
  const known = BY_TYPE[streamType];
  if (known !== undefined) return known;
  const onBluray = BY_HDMV_TYPE[streamType];
  const isSaid = (format: string) => hasFormat(programDescriptors, format) || hasFormat(descriptors, format);
  if (onBluray !== undefined && isSaid(HDMV)) return onBluray;
  if (streamType === 0x86 && isSaid(CUEI)) return 'scte_35';
  for (const { tag, body } of readDescriptors(descriptors)) {
    if (tag === REGISTRATION_DESCRIPTOR || tag === METADATA_DESCRIPTOR) {
      const format = BY_FORMAT[tag === METADATA_DESCRIPTOR ? metadataFormat(body) : formatOf(body)];
      if (format !== undefined) return format;
    }
    const described = BY_DESCRIPTOR[tag];
    if (described !== undefined) return described;
  }
  return `0x${streamType.toString(16).padStart(2, '0')}`;
}

/** format_identifier of a registration descriptor. */
function formatOf(body: Uint8Array): string {
  return String.fromCharCode(...body.subarray(0, 4));
}

function hasFormat(descriptors: Uint8Array, format: string): boolean {
  for (const { tag, body } of readDescriptors(descriptors)) {
    if (tag === REGISTRATION_DESCRIPTOR && formatOf(body) === format) return true;
  }
  return false;
}
