// A private descriptor in program_info that marks a program as muted, for receivers without the rules (`vw serve`).
// Pure. ISO/IEC 13818-1 §2.6.1: tags from 0x40 on are user private.

import type { Program } from '../psi/program.js';
import { readDescriptors } from '../psi/descriptors.js';

const USER_PRIVATE = 0xf0;
const NOTHING = new Uint8Array(0);

/** The descriptor of a program whose video and audio are muted. */
export const MUTED_DESCRIPTOR: Uint8Array = privateDescriptor('vw: muted');
/** The descriptor of a program whose audio is muted. */
export const SOUND_MUTED_DESCRIPTOR: Uint8Array = privateDescriptor('vw: sound muted');

function privateDescriptor(text: string): Uint8Array {
  const body = new TextEncoder().encode(text);
  return Uint8Array.of(USER_PRIVATE, body.length, ...body);
}

/** The descriptor that reports this as muted; empty if it is `null`: nothing. */
export function muteDescriptorOf(muted: 'audio' | 'all' | null): Uint8Array {
  if (muted === null) return NOTHING;
  return muted === 'all' ? MUTED_DESCRIPTOR : SOUND_MUTED_DESCRIPTOR;
}

/** What a program's descriptors report as muted; `null`: nothing. */
export function signalledMute(program: Program | null): 'audio' | 'all' | null {
  if (program === null) return null;
  const mutes = [...readDescriptors(program.descriptors)].map(({ tag, body }) => muteOfDescriptor(tag, body));
  return mutes.find((mute) => mute === 'all') ?? mutes.find((mute) => mute !== null) ?? null;
}

/** Whether a program reports that all of it is muted. */
export function hasMutedDescriptor(program: Program | null): boolean {
  return signalledMute(program) === 'all';
}

/** What a descriptor reports as muted; `null`: it is another descriptor. */
export function muteOfDescriptor(tag: number, body: Uint8Array): 'audio' | 'all' | null {
  const isDescriptor = (descriptor: Uint8Array) =>
    tag === USER_PRIVATE && body.length === descriptor[1] && body.every((byte, i) => byte === descriptor[i + 2]);
  return isDescriptor(MUTED_DESCRIPTOR) ? 'all' : isDescriptor(SOUND_MUTED_DESCRIPTOR) ? 'audio' : null;
}
