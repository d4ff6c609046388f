// Reads PAT and PMT of one transport stream and keeps the first program they describe.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.4.3 to §2.4.4.9.

import { crc32 } from './crc32.js';
import { PAT_PID, readPid } from './packet.js';
import { SaidPacket } from './said-packet.js';
import { SectionAssembler } from './section.js';
import { carriesSections, kindOfEntry, sharedKind, type Track } from './track.js';

/** A program as its PMT describes it. */
export interface Program {
  readonly number: number;
  readonly pmtPid: number;
  /** PCR_PID; 0x1FFF where the program has none. */
  readonly pcrPid: number;
  /** version_number of the PMT. */
  readonly version: number;
  /** The program_info descriptors, byte for byte. */
  readonly descriptors: Uint8Array;
  readonly tracks: readonly Track[];
}

const NONE = -1;

/**
 * Follows the tables of a stream. Damaged sections (CRC_32) are counted and passed over, tables that are not yet in
 * force (current_next_indicator 0) wait for their time. Of several programs the first in the PAT is followed.
 */
export class ProgramReader {
  /** The program as last described; `null` until a PMT came. */
  program: Program | null = null;
  /** Sections whose CRC_32 or length was wrong. */
  badSections = 0;
  /** Counts PATs and PMTs that changed what is known. */
  changes = 0;

  readonly #pat = new SectionAssembler((section) => this.#readPat(section));
  #pmt: SectionAssembler | null = null;
  readonly #saidPat = new SaidPacket();
  readonly #saidPmt = new SaidPacket();
  #pmtPid = NONE;
  #number = NONE;
  #pmtCrc = NONE;

  /** Whether packets of this PID are this reader's. */
  isTable(pid: number): boolean {
    return pid === PAT_PID || pid === this.#pmtPid;
  }

  /** The PMT's PID; -1 until a PAT came. */
  get pmtPid(): number {
    return this.#pmtPid;
  }

  /** Takes the packet at `at` if it is a table's; true if the program changed with it. */
  push(data: Uint8Array, at: number): boolean {
    const pid = readPid(data, at);
    if (pid !== PAT_PID && pid !== this.#pmtPid) return false;
    // Tables are said again ten times a second: mostly the packet is the one before but for its counter.
    const said = pid === PAT_PID ? this.#saidPat : this.#saidPmt;
    const assembler = pid === PAT_PID ? this.#pat : this.#pmt;
    if (said.repeats(data, at)) {
      assembler?.pass(data, at);
      return false;
    }
    const before = this.changes;
    const bad = this.badSections;
    if (assembler?.push(data, at) === false) return false; // and not noted: its next repetition is read
    if (this.badSections === bad)
      said.note(data, at); // a damaged one is counted each time
    else said.forget();
    return this.changes !== before;
  }

  /** Forgets everything, as when another source begins. */
  reset(): void {
    this.program = null;
    this.#pat.reset();
    this.#saidPat.forget();
    this.#saidPmt.forget();
    this.#pmt = null;
    this.#pmtPid = this.#number = this.#pmtCrc = NONE;
  }

  #readPat(section: Uint8Array): void {
    if (!this.#isGood(section, 0x00, 12)) return; // program_association_section, one entry at least
    for (let at = 8; at + 4 <= section.length - 4; at += 4) {
      const number = (section[at]! << 8) | section[at + 1]!;
      const pid = ((section[at + 2]! & 0x1f) << 8) | section[at + 3]!; // program_map_PID
      if (number === 0) continue; // network_PID
      if (pid !== this.#pmtPid || number !== this.#number) {
        this.#pmtPid = pid;
        this.#number = number;
        this.#pmtCrc = NONE;
        this.#pmt = new SectionAssembler((s) => this.#readPmt(s));
        this.#saidPmt.forget();
      }
      return;
    }
  }

  #readPmt(section: Uint8Array): void {
    if (!this.#isGood(section, 0x02, 16)) return; // TS_program_map_section
    if (((section[3]! << 8) | section[4]!) !== this.#number) return; // program_number
    const end = section.length - 4;
    const crc = (section[end]! << 24) | (section[end + 1]! << 16) | (section[end + 2]! << 8) | section[end + 3]!;
    if (crc === this.#pmtCrc && this.program) return; // said again
    const infoLength = ((section[10]! & 0x0f) << 8) | section[11]!; // program_info_length
    if (12 + infoLength > end) {
      this.badSections++;
      return;
    }
    const programDescriptors = section.slice(12, 12 + infoLength);
    const tracks: Track[] = [];
    for (let at = 12 + infoLength; at + 5 <= end;) {
      const streamType = section[at]!;
      const pid = ((section[at + 1]! & 0x1f) << 8) | section[at + 2]!; // elementary_PID
      const next = at + 5 + (((section[at + 3]! & 0x0f) << 8) | section[at + 4]!); // ES_info_length
      if (next > end) {
        this.badSections++;
        return;
      }
      const descriptors = section.slice(at + 5, next);
      const kind = kindOfEntry(streamType, descriptors, programDescriptors);
      tracks.push({ pid, streamType, descriptors, kind, sections: carriesSections(streamType, kind) });
      at = next;
    }
    this.#pmtCrc = crc;
    this.changes++;
    this.program = {
      number: this.#number,
      pmtPid: this.#pmtPid,
      pcrPid: ((section[8]! & 0x1f) << 8) | section[9]!,
      version: (section[5]! >> 1) & 0x1f,
      descriptors: programDescriptors,
      tracks: tracks.map((track) => sharingPid(track, tracks)),
    };
  }

  /** Whether a section is the wanted table, whole, undamaged and in force. */
  #isGood(section: Uint8Array, tableId: number, leastBytes: number): boolean {
    if (section[0] !== tableId) return false;
    if (section.length < leastBytes || crc32(section) !== 0) {
      this.badSections++;
      return false;
    }
    return (section[5]! & 0x01) !== 0; // current_next_indicator
  }
}

/** A track that shares its PID with others of the PMT is of the kind that all of them can be. */
function sharingPid(track: Track, tracks: readonly Track[]): Track {
  const others = tracks.filter((other) => other !== track && other.pid === track.pid);
  return others.length === 0 ? track : { ...track, kind: others.reduce((k, o) => sharedKind(k, o.kind), track.kind) };
}
