// What a decoder makes of HE-AAC: twice the coded rate, and of parametric stereo two channels. ADTS cannot signal either;
// a descriptor can.
// Pure: no clock, no I/O. ISO/IEC 14496-3 §1.6.6; ISO/IEC 13818-1 §2.6.38, EN 300 468 annex H (the descriptors).

import { readDescriptors } from '../../psi/descriptors.js';
import type { CodedSound } from '../parameters.js';

/** SBR is not assumed above this rate: the decoder's output would exceed 48 kHz. */
const MAX_SBR_CORE_RATE = 24_000;
// Read here for what is in them; that they stand for sound is in the registry.
const MPEG4_AUDIO_DESCRIPTOR = 0x1c;
const AAC_DESCRIPTOR = 0x7c;

/** The decoder's output for AAC whose frames say `coded`. */
export function decodedAac(coded: CodedSound, descriptors: Uint8Array): CodedSound {
  const { sampleRate, channels } = coded;
  if (sampleRate === null || sampleRate > MAX_SBR_CORE_RATE) return coded;
  const efficiency = aacEfficiency(descriptors);
  if (efficiency === 0) return coded;
  return { sampleRate: 2 * sampleRate, channels: efficiency === 2 && channels === 1 ? 2 : channels };
}

/** By MPEG-4_audio_profile_and_level: 1 HE-AAC, 2 HE-AAC v2, or 0. */
function aacEfficiency(descriptors: Uint8Array): 0 | 1 | 2 {
  for (const { tag, body } of readDescriptors(descriptors)) {
    if (tag !== MPEG4_AUDIO_DESCRIPTOR && tag !== AAC_DESCRIPTOR) continue;
    const level = body[0] ?? 0;
    if (level >= 0x58 && level <= 0x5b) return 1;
    if (level >= 0x60 && level <= 0x63) return 2;
  }
  return 0;
}
