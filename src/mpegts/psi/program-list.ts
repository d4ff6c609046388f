// The programs that a PAT lists, in all its sections.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.4.3 to §2.4.4.5.

import { NULL_PID } from '../packet/packet.js';

/** Enough for over a thousand programs: a longer PAT is damaged. */
const MAX_SECTIONS = 8;
/** PIDs below this are reserved by the standard (table 2-3). */
const FIRST_FREE_PID = 0x10;

/** An entry of a PAT. */
export interface ListedProgram {
  readonly number: number;
  readonly pmtPid: number;
}

/** Collects the sections of the current PAT. */
export class ProgramList {
  /** The programs in the PAT's order, without the network_PID. */
  programs: readonly ListedProgram[] = [];
  /** The sections of the current version, by section_number. */
  readonly #sections: (Uint8Array | undefined)[] = [];

  /** The sections received so far, in order. */
  get sections(): readonly Uint8Array[] {
    return this.#sections.filter((section) => section !== undefined);
  }

  /** Whether all sections have been received. */
  get isComplete(): boolean {
    const [first] = this.sections;
    return first !== undefined && this.sections.length === Math.min(first[7]! + 1, MAX_SECTIONS); // last_section_number
  }

  /** Stores a valid section; returns false if it is already known. */
  addSection(section: Uint8Array): boolean {
    const number = section[6]!; // section_number
    if (number >= MAX_SECTIONS) return false;
    const known = this.#sections[number];
    if (known && isSame(known, section)) return false;
    const [any] = this.sections;
    // Another version_number or last_section_number: the earlier sections are obsolete.
    if (known || (any && (any[5] !== section[5] || any[7] !== section[7]))) this.#sections.length = 0;
    this.#sections[number] = section.slice();
    this.programs = this.sections.flatMap(listed);
    return true;
  }

  reset(): void {
    this.#sections.length = 0;
    this.programs = [];
  }
}

function listed(section: Uint8Array): ListedProgram[] {
  const programs: ListedProgram[] = [];
  for (let at = 8; at + 4 <= section.length - 4; at += 4) {
    const number = (section[at]! << 8) | section[at + 1]!; // program_number; 0: network_PID
    const pmtPid = ((section[at + 2]! & 0x1f) << 8) | section[at + 3]!; // program_map_PID
    if (number !== 0 && pmtPid >= FIRST_FREE_PID && pmtPid !== NULL_PID) programs.push({ number, pmtPid });
  }
  return programs;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}
