// A private descriptor that marks a program without tracks as muted, for receivers without the rules (`vw serve`).
// Pure. ISO/IEC 13818-1 §2.6.1: tags from 0x40 on are user private.

import type { Program } from './program.js';
import { readDescriptors } from './track.js';

const USER_PRIVATE = 0xf0;
const TEXT = new TextEncoder().encode('vw: muted');

/** The program_info of a program whose video and audio are muted. */
export const MUTED_DESCRIPTOR: Uint8Array = Uint8Array.of(USER_PRIVATE, TEXT.length, ...TEXT);

/** Whether a program carries the mute descriptor. */
export function hasMutedDescriptor(program: Program | null): boolean {
  if (program === null || program.tracks.length > 0) return false;
  for (const { tag, body } of readDescriptors(program.descriptors)) {
    if (tag === USER_PRIVATE && body.length === TEXT.length && body.every((byte, i) => byte === TEXT[i])) return true;
  }
  return false;
}
