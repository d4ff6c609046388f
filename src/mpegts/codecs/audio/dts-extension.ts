// Reads sampling rate and channels from the extension substream of DTS: DTS-HD behind a core frame, DTS Express without one.
// Pure: no clock, no I/O. ETSI TS 102 114 §7.4 (extension substream header), §7.5 (audio asset descriptor).

import { BitReader } from '../bit-reader.js';
import type { Parameters } from '../parameters.js';

/** By nuMaxSampleRate: three families of rates, each doubling. */
const RATES = [
  ...[8000, 16_000, 32_000, 64_000, 128_000],
  ...[22_050, 44_100, 88_200, 176_400, 352_800],
  ...[12_000, 24_000, 48_000, 96_000, 192_000, 384_000],
];
/** What the rest of the program takes for possible. */
const MAX_RATE = 192_000;
const MAX_CHANNELS = 24;

const reader = new BitReader();

/** Whether an extension substream starts at `at`; false if the bytes end before that is known. */
export function isDtsExtension(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 4 > end) return false;
  return bytes[at] === 0x64 && bytes[at + 1] === 0x58 && bytes[at + 2] === 0x20 && bytes[at + 3] === 0x25; // SYNCEXTSSH
}

/** Reads the extension substream at `at` for its first audio asset. As a {@link ParameterReader}. */
export function readDtsExtension(bytes: Uint8Array, at: number, end: number, found: Parameters): boolean | undefined {
  reader.open(bytes, at + 4, end);
  reader.skip(8); // UserDefinedBits
  const index = reader.bits(2); // nExtSSIndex
  const isLong = reader.bit() === 1; // bHeaderSizeType
  const sizeBits = isLong ? 20 : 16; // nuBits4ExSSFsize
  reader.skip((isLong ? 12 : 8) + sizeBits); // nuExtSSHeaderSize, nuExtSSFsize
  const hasStatic = reader.bit() === 1; // bStaticFieldsPresent
  if (!hasStatic) return reader.lacksBytes ? undefined : false;
  const assets = passStaticFields(index);
  reader.skip(assets * sizeBits); // nuAssetFsize
  reader.skip(9 + 3); // nuAssetDescriptFsize, nuAssetIndex
  if (reader.bit()) reader.skip(4); // nuAssetTypeDescriptor
  if (reader.bit()) reader.skip(24); // LanguageDescriptor
  if (reader.bit()) reader.skip(8 * (reader.bits(10) + 1)); // nuInfoTextByteSize, InfoTextString
  reader.skip(5); // nuBitResolution
  const rate = RATES[reader.bits(4)]!; // nuMaxSampleRate
  const channels = reader.bits(8) + 1; // nuTotalNumChs
  if (reader.lacksBytes) return undefined;
  if (rate > MAX_RATE || channels > MAX_CHANNELS) return false;
  found.codec = 'dts';
  found.sampleRate = rate;
  found.channels = channels;
  return true;
}

/** Skips the fields that are the same in all frames; returns the number of assets. */
function passStaticFields(index: number): number {
  reader.skip(2 + 3); // nuRefClockCode, nuExSSFrameDurationCode
  if (reader.bit()) reader.skip(36); // nuTimeStamp, nLSB
  const presentations = reader.bits(3) + 1; // nuNumAudioPresnt
  const assets = reader.bits(3) + 1; // nuNumAssets
  let active = 0;
  for (let i = 0; i < presentations * (index + 1); i++) active += reader.bit(); // nuActiveExSSMask
  reader.skip(8 * active); // nuActiveAssetMask
  if (reader.bit()) {
    reader.skip(2); // nuMixMetadataAdjLevel
    const maskBits = 4 * (reader.bits(2) + 1); // nuBits4MixOutMask
    reader.skip(maskBits * (reader.bits(2) + 1)); // nuNumMixOutConfigs, nuMixOutChMask
  }
  return assets;
}
