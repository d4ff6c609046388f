// Reads sampling rate and channels of AAC, in ADTS and in LATM.
// Pure: no clock, no I/O. ISO/IEC 13818-7 §6.2 (ADTS); ISO/IEC 14496-3 §1.6.2.1 (AudioSpecificConfig), §1.6.6 (implicit PS), §1.7 (LOAS, LATM).

import { BitReader } from '../bit-reader.js';
import type { ParameterReader, Parameters } from '../parameters.js';
import { CUT_OFF, framesWith, HEADER_BYTES, NO_HEADER, type SoundFormat, type SoundHeader } from './sound-frames.js';

/** By samplingFrequencyIndex (table 1.18). */
const AAC_RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
/** By channelConfiguration (table 1.19); 0: given by a program_config_element. */
const AAC_CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8];

/** 22.2, the largest layout defined. */
const MAX_CHANNELS = 24;
/** syncExtensionType of the extensions that follow AudioSpecificConfig (§1.6.2.1). */
const SBR_SYNC = 0x2b7;
const PS_SYNC = 0x548;
/** audioObjectType below SBR in HE-AAC. */
const AAC_LC = 2;
/** id_syn_ele of a program_config_element. */
const ID_PCE = 5;

const reader = new BitReader();

function readAdtsHeader(bytes: Uint8Array, at: number, end: number, header: SoundHeader): number {
  if (bytes[at] !== 0xff || (bytes[at + 1]! & 0xf6) !== 0xf0) return NO_HEADER; // syncword, layer '00'
  const rate = AAC_RATES[(bytes[at + 2]! >> 2) & 0x0f]; // sampling_frequency_index
  const length = ((bytes[at + 3]! & 3) << 11) | (bytes[at + 4]! << 3) | (bytes[at + 5]! >> 5); // aac_frame_length
  if (rate === undefined || length < HEADER_BYTES) return NO_HEADER;
  header.codec = 'aac';
  header.sampleRate = rate; // half the decoded rate with implicit SBR (HE-AAC), which ADTS does not signal
  header.channels = AAC_CHANNELS[((bytes[at + 2]! & 1) << 2) | (bytes[at + 3]! >> 6)]!; // channel_configuration
  if (header.channels !== 0) return length;
  const hasCrc = (bytes[at + 1]! & 1) === 0; // protection_absent
  reader.open(bytes, at + HEADER_BYTES + (hasCrc ? 2 : 0), end);
  const channels = reader.bits(3) === ID_PCE ? countProgramConfig() : 0; // id_syn_ele of the frame's first element
  if (reader.lacksBytes) return CUT_OFF;
  header.channels = channels;
  return length;
}

/** AAC in ADTS. A {@link ParameterReader}. */
export const readAdts: ParameterReader = framesWith(readAdtsHeader);

/** AAC in LATM: read from the first frame that carries its configuration. A {@link ParameterReader}. */
export function readLatm(bytes: Uint8Array, from: number, end: number, found: Parameters): boolean | undefined {
  for (let at = from; at + 3 <= end;) {
    if (bytes[at] !== 0x56 || (bytes[at + 1]! & 0xe0) !== 0xe0) return false; // syncword
    const next = at + 3 + (((bytes[at + 1]! & 0x1f) << 8) | bytes[at + 2]!); // audioMuxLengthBytes
    reader.open(bytes, at + 3, Math.min(next, end));
    if (reader.bit() === 0) {
      // useSameStreamMux
      if (readStreamMuxConfig(found)) return true;
      if (!reader.lacksBytes || next <= end) return false;
      return undefined;
    }
    at = next;
  }
  return undefined;
}

/** AAC in ADTS. */
export const ADTS: SoundFormat = {
  startsAt: (bytes, at) => bytes[at] === 0xff && (bytes[at + 1]! & 0xf6) === 0xf0, // syncword, layer '00'
  read: readAdts,
};

/** AAC in LATM (LOAS). */
export const LATM: SoundFormat = {
  startsAt: (bytes, at) => bytes[at] === 0x56 && (bytes[at + 1]! & 0xe0) === 0xe0, // syncword
  read: readLatm,
};

function readStreamMuxConfig(found: Parameters): boolean {
  const version = reader.bit(); // audioMuxVersion
  if (version === 1) {
    if (reader.bit()) return false; // audioMuxVersionA: not specified
    readLatmValue(); // taraBufferFullness
  }
  reader.skip(1 + 6); // allStreamsSameTimeFraming, numSubFrames
  if (reader.bits(4 + 3) !== 0) return false; // numProgram, numLayer: other values are not in use
  const length = version === 1 ? readLatmValue() : 0; // ascLen; 0: unknown
  const end = reader.bitsRead + length;
  const type = readObjectType();
  let sampleRate = readSamplingRate();
  const configuration = reader.bits(4); // channelConfiguration
  let channels = AAC_CHANNELS[configuration] ?? 0;
  if (type === 5 || type === 29) sampleRate = readSamplingRate(); // SBR: extensionSamplingFrequency is the decoded rate
  const isExplicit = type === 5 || type === 29;
  const core = isExplicit ? readObjectType() : type; // of the core below SBR
  let hasSbr = isExplicit;
  let hasPs = true; // where SBR is signalled, PS may follow at any time unless it is said that it does not
  if (configuration === 0 || (!isExplicit && length > 0)) {
    reader.skip(1); // frameLengthFlag
    if (reader.bit()) reader.skip(14); // dependsOnCoreCoder, coreCoderDelay
    reader.skip(1); // extensionFlag
    if (configuration === 0) channels = countProgramConfig();
  }
  if (!isExplicit && end - reader.bitsRead >= 16 && reader.bits(11) === SBR_SYNC && readObjectType() === 5) {
    // Backward-compatible signalling: syncExtensionType, extensionAudioObjectType, sbrPresentFlag
    if (reader.bit()) {
      hasSbr = true;
      sampleRate = readSamplingRate(); // extensionSamplingFrequencyIndex
      if (end - reader.bitsRead >= 12 && reader.bits(11) === PS_SYNC) hasPs = reader.bit() === 1; // psPresentFlag
    }
  }
  const mayHavePs = type === 29 || (hasSbr && hasPs && core === AAC_LC);
  if (mayHavePs && channels === 1) channels = 2; // decoders output stereo, lest it change
  if (!reader.isGood || type === 0 || sampleRate < 7350 || sampleRate > 192_000) return false;
  found.sampleRate = sampleRate;
  found.channels = channels === 0 ? null : channels;
  return true;
}

function readLatmValue(): number {
  return reader.bits(8 * (reader.bits(2) + 1)); // bytesForValue
}

function readObjectType(): number {
  const type = reader.bits(5); // audioObjectType
  return type === 31 ? 32 + reader.bits(6) : type;
}

function readSamplingRate(): number {
  const index = reader.bits(4); // samplingFrequencyIndex
  return index === 15 ? reader.bits(24) : (AAC_RATES[index] ?? 0);
}

/** The channels of a program_config_element (ISO/IEC 14496-3 §4.4.1.1); 0 if it is invalid. */
function countProgramConfig(): number {
  reader.skip(4 + 2 + 4); // element_instance_tag, object_type, sampling_frequency_index
  const elements = reader.bits(4) + reader.bits(4) + reader.bits(4); // num_front, side and back_channel_elements
  const low = reader.bits(2); // num_lfe_channel_elements
  reader.skip(3 + 4); // num_assoc_data_elements, num_valid_cc_elements
  if (reader.bit()) reader.skip(4); // mono_mixdown_element_number
  if (reader.bit()) reader.skip(4); // stereo_mixdown_element_number
  if (reader.bit()) reader.skip(3); // matrix_mixdown_idx, pseudo_surround_enable
  let channels = low;
  for (let i = 0; i < elements; i++) {
    channels += 1 + reader.bit(); // ..._element_is_cpe: a pair
    reader.skip(4); // ..._element_tag_select
  }
  return channels <= MAX_CHANNELS ? channels : 0;
}
