// Reads the PAT and PMTs of one transport stream and follows one of its programs.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.4.3 to §2.4.4.9.

import { crc32 } from './crc32.js';
import { PAT_PID, readPid } from '../packet/packet.js';
import { type ListedProgram, ProgramList } from './program-list.js';
import { RepeatedPacket } from './repeated-packet.js';
import { SectionAssembler } from './section.js';
import { carriesSections, kindOfEntry, sharedKind, type Track } from './track.js';

/** A program as its PMT describes it. */
export interface Program {
  readonly number: number;
  readonly pmtPid: number;
  /** PCR_PID; 0x1FFF if the program has none. */
  readonly pcrPid: number;
  /** version_number of the PMT. */
  readonly version: number;
  /** The program_info descriptors, byte for byte. */
  readonly descriptors: Uint8Array;
  readonly tracks: readonly Track[];
}

const NONE = -1;
/** How many PMTs are read until a program is followed. */
const MAX_CANDIDATES = 32;

/**
 * Follows the tables of a stream. Damaged sections (CRC_32) are counted and skipped; tables that are not yet applicable
 * (current_next_indicator 0) are ignored. Of several programs, the first one whose PMT arrives and lists tracks is
 * followed, for as long as the PAT lists it and it has tracks.
 */
export class ProgramReader {
  /** The program as last described; `null` before the first PMT. */
  program: Program | null = null;
  /** Sections with a wrong CRC_32 or length. */
  badSections = 0;
  /** Counts PMTs that changed the program. */
  changes = 0;
  /** The PIDs whose packets are read: the PAT's, and those of PMTs. Replaced when they change. */
  tablePids: readonly number[] = [PAT_PID];

  readonly #list = new ProgramList();
  #followed: ListedProgram | null = null;
  readonly #assemblers = new Map<number, SectionAssembler>(); // by PID, created on first use
  readonly #repeatedPat = new RepeatedPacket();
  readonly #repeatedPmt = new RepeatedPacket();
  #pmtSection: Uint8Array | null = null;
  #pmtCrc = NONE;

  /** The PID of the followed program's PMT, or of the first listed one if none is followed; -1 before the first PAT. */
  get pmtPid(): number {
    return (this.#followed ?? this.#list.programs[0])?.pmtPid ?? NONE;
  }

  /** How many programs the PAT lists. */
  get programCount(): number {
    return this.#list.programs.length;
  }

  /** The PAT's sections. */
  get patSections(): readonly Uint8Array[] {
    return this.#list.sections;
  }

  /** The followed program's PMT; `null` before it is received. */
  get pmtSection(): Uint8Array | null {
    return this.#pmtSection;
  }

  /** Reads the packet at `at` if it belongs to a table; true if it changed the program. */
  push(data: Uint8Array, at: number): boolean {
    const pid = readPid(data, at);
    // Tables are repeated ten times a second: usually only the packet's counter differs from the last one's.
    const said = pid === PAT_PID ? this.#repeatedPat : this.#repeatedPmt;
    return !said.matches(data, at) && this.tablePids.includes(pid) && this.#read(data, at, pid);
  }

  #read(data: Uint8Array, at: number, pid: number): boolean {
    const said = pid === PAT_PID ? this.#repeatedPat : this.#isSettled() ? this.#repeatedPmt : null;
    const assembler = this.#assemblerOf(pid);
    const before = this.changes;
    const bad = this.badSections;
    if (!assembler.push(data, at)) return false; // not remembered, so that its next repetition is read
    if (this.badSections === bad)
      said?.remember(data, at, assembler); // a damaged one is counted each time
    else said?.clear();
    return this.changes !== before;
  }

  /** Resets the reader, for a new source. */
  reset(): void {
    this.program = null;
    this.#list.reset();
    this.#assemblers.clear();
    this.#repeatedPat.clear();
    this.#repeatedPmt.clear();
    this.#followed = this.#pmtSection = null;
    this.#pmtCrc = NONE;
    this.tablePids = [PAT_PID];
  }

  /** Whether other programs' PMTs can be ignored. */
  #isSettled(): boolean {
    return this.#followed !== null && (this.program?.tracks.length ?? 0) > 0;
  }

  #assemblerOf(pid: number): SectionAssembler {
    let assembler = this.#assemblers.get(pid);
    if (!assembler) {
      assembler = new SectionAssembler((section) => {
        if (pid === PAT_PID) this.#readPat(section);
        else this.#readPmt(section, pid);
      });
      this.#assemblers.set(pid, assembler);
    }
    return assembler;
  }

  #readPat(section: Uint8Array): void {
    if (!this.#isGood(section, 0x00, 12)) return; // program_association_section
    if (!this.#list.addSection(section)) return;
    const { programs } = this.#list;
    const before = this.#followed;
    if (before) {
      const still = programs.find(({ number }) => number === before.number);
      if (!still && !this.#list.isComplete) return; // another section may list it
      if (still?.pmtPid !== before.pmtPid) this.#follow(still ?? null);
    }
    this.#setTablePids();
  }

  #follow(listed: ListedProgram | null): void {
    this.#followed = listed;
    this.#pmtCrc = NONE;
    this.#repeatedPmt.clear();
  }

  #setTablePids(): void {
    const pids = new Set([PAT_PID]);
    if (this.#followed) pids.add(this.#followed.pmtPid);
    if (!this.#isSettled()) {
      for (const { pmtPid } of this.#list.programs) if (pids.size <= MAX_CANDIDATES) pids.add(pmtPid);
    }
    if (pids.size === this.tablePids.length && this.tablePids.every((pid) => pids.has(pid))) return;
    this.tablePids = [...pids];
    for (const pid of this.#assemblers.keys()) if (!pids.has(pid)) this.#assemblers.delete(pid);
  }

  #readPmt(section: Uint8Array, pid: number): void {
    if (!this.#isGood(section, 0x02, 16)) return; // TS_program_map_section
    const number = (section[3]! << 8) | section[4]!; // program_number
    const isFollowed = this.#followed?.number === number && this.#followed.pmtPid === pid;
    if (!isFollowed && this.#isSettled()) return;
    const listed = this.#list.programs.find((one) => one.number === number && one.pmtPid === pid);
    if (!listed) return;
    const end = section.length - 4;
    const crc = (section[end]! << 24) | (section[end + 1]! << 16) | (section[end + 2]! << 8) | section[end + 3]!;
    if (isFollowed && crc === this.#pmtCrc && this.program) return; // repeated
    const infoLength = ((section[10]! & 0x0f) << 8) | section[11]!; // program_info_length
    const programDescriptors = section.slice(12, Math.min(12 + infoLength, end));
    const tracks = 12 + infoLength > end ? null : readTracks(section, 12 + infoLength, end, programDescriptors);
    if (!tracks) {
      this.badSections++;
      return;
    }
    if (!isFollowed && this.#followed && tracks.length === 0) return; // no better than the current program
    if (!isFollowed) this.#follow(listed);
    this.#pmtCrc = crc;
    this.#pmtSection = section.slice();
    this.changes++;
    this.program = {
      number,
      pmtPid: pid,
      pcrPid: ((section[8]! & 0x1f) << 8) | section[9]!,
      version: (section[5]! >> 1) & 0x1f,
      descriptors: programDescriptors,
      tracks: tracks.map((track) => withKindSharedOnPid(track, tracks)),
    };
    this.#setTablePids();
  }

  /** Whether a section is an intact section of this table and currently applicable. */
  #isGood(section: Uint8Array, tableId: number, leastBytes: number): boolean {
    if (section[0] !== tableId) return false;
    if (section.length < leastBytes || crc32(section) !== 0) {
      this.badSections++;
      return false;
    }
    return (section[5]! & 0x01) !== 0; // current_next_indicator
  }
}

/** The kind of a track that shares its PID with others is one that fits all of them. */
function withKindSharedOnPid(track: Track, tracks: readonly Track[]): Track {
  const others = tracks.filter((other) => other !== track && other.pid === track.pid);
  return others.length === 0 ? track : { ...track, kind: others.reduce((k, o) => sharedKind(k, o.kind), track.kind) };
}

/** The entries of a PMT between `from` and `end`; `null` if they extend beyond it. */
function readTracks(section: Uint8Array, from: number, end: number, programDescriptors: Uint8Array): Track[] | null {
  const tracks: Track[] = [];
  for (let at = from; at + 5 <= end;) {
    const streamType = section[at]!;
    const pid = ((section[at + 1]! & 0x1f) << 8) | section[at + 2]!; // elementary_PID
    const next = at + 5 + (((section[at + 3]! & 0x0f) << 8) | section[at + 4]!); // ES_info_length
    if (next > end) return null;
    const descriptors = section.slice(at + 5, next);
    const kind = kindOfEntry(streamType, descriptors, programDescriptors);
    tracks.push({ pid, streamType, descriptors, kind, sections: carriesSections(streamType, kind) });
    at = next;
  }
  return tracks;
}
