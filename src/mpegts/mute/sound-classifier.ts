// Decides for each packet of a feed whose audio is muted whether it is known not to be audio. If that is unknown, the
// packet is withheld. Pure: no clock, no I/O. The table in track.ts defines the kinds.

import {
  hasPayload,
  NULL_PID,
  PACKET_BYTES,
  PAT_PID,
  payloadStart,
  PID_COUNT,
  readPid,
  startsUnit,
} from '../packet/packet.js';
import { type Program, ProgramReader } from '../psi/program.js';
import { kindOfUnit, type Track, type TrackKind, TRACK_KINDS } from '../psi/track.js';

/** Why a packet is withheld: {@link PASSES} if it is not, or another index of {@link REASONS}. */
export type WithheldReason = number;

export const PASSES = 0;
/** Its unit started before the judge did. */
export const MID_UNIT = 1;
/** transport_error_indicator: even its PID is unreliable. */
export const DAMAGED = 2;
const NO_PMT = 3;
const UNLISTED_PID = 4;
const SOUND_ENTRY = 5;
const SOUND_UNIT = 6;
const NOT_KNOWN = 7;
const SCRAMBLED = 8;
const NO_SECTIONS = 9;
const NO_PES = 10;

/** The reasons as text, by {@link WithheldReason}. */
export const REASONS: readonly string[] = [
  'it passes',
  'its unit began before the mute',
  'damaged',
  'no PMT has come yet',
  'no PMT lists it',
  'the PMT says that it is sound',
  'its PES packets say that they are sound (stream_id 0xC0 to 0xDF)',
  'nothing says that it is picture or data',
  'scrambled',
  'the PMT announces sections, and something else comes',
  'no PES packet that can be read begins in it',
];

/** Why a track is withheld whose units have shown it to be of this kind; `null`: it is video or data. */
export function reasonToWithhold({ kind: entry, sections }: Track, kind: TrackKind): string | null {
  if (kind === 'audio') return REASONS[entry === 'audio' ? SOUND_ENTRY : SOUND_UNIT]!;
  return kind === 'unknown' ? REASONS[sections ? NO_SECTIONS : NOT_KNOWN]! : null;
}

// The use of a PID: one of these, or FIRST_KIND plus an index of TRACK_KINDS.
const UNLISTED = 0;
const SECTIONS = 1;
const FIRST_KIND = 2;
/** PIDs below this carry tables (table 2-3, EN 300 468 table 1). */
const FIRST_TRACK_PID = 0x20;
const SCRAMBLING_CONTROL = 0xc0;

/** The state of a feed from packets received so far. */
export interface KnownProgram {
  /** Its PAT and PMT as packets; `null`: not yet received. */
  readonly tables: Uint8Array | null;
  /** stream_id of the current PES packet on this PID; -1: unknown. */
  streamIdOf(pid: number): number;
}

/** Follows the tables and the starts of units of one feed while its audio is muted. */
export class SoundClassifier {
  readonly #reader = new ProgramReader();
  readonly #units = new Uint8Array(PID_COUNT).fill(MID_UNIT); // Why, for the current unit of each PID
  #pidUses = new Uint8Array(PID_COUNT); // the use of each PID
  #program: Program | null = null;
  #pmtPid = -1;

  /** Starts; `known` is `null` for a new source: all packets except tables are withheld until a PMT arrives. */
  start(known: KnownProgram | null): void {
    this.#reader.reset();
    this.#units.fill(MID_UNIT);
    const tables = known?.tables ?? null;
    for (let at = 0; tables && at < tables.length; at += PACKET_BYTES) this.#reader.push(tables, at);
    this.#learn();
    for (const { pid, kind } of this.#program?.tracks ?? []) {
      const streamId = known?.streamIdOf(pid) ?? -1;
      // A video unit that has started continues: otherwise half a picture would be visible.
      if (streamId >= 0 && kindOfUnit(kind, streamId) === 'video') this.#units[pid] = PASSES;
    }
  }

  /** PCR_PID; NULL_PID where there is none. */
  get pcrPid(): number {
    return this.#program?.pcrPid ?? NULL_PID;
  }

  /** The PID of the PMT; -1 until a PAT arrives. */
  get pmtPid(): number {
    return this.#pmtPid;
  }

  /** The PMT as it came last; `null`: none has, or the PAT lists other programs too, whose PMT may come on the same PID. */
  get pmtSection(): Uint8Array | null {
    return this.#program && this.#reader.programCount === 1 ? this.#reader.pmtSection : null;
  }

  /** The current PMT's entry for a PID. */
  trackOf(pid: number): Track | null {
    return this.#program?.tracks.find((track) => track.pid === pid) ?? null;
  }

  /** Whether the current unit of a PID is withheld. */
  isWithheld(pid: number): boolean {
    return this.#units[pid] !== PASSES;
  }

  /** Judges the packet at `at`; call it for all packets in order. It may read ahead in the message. */
  classify(data: Uint8Array, at: number, pid: number): WithheldReason {
    if ((data[at + 1]! & 0x80) !== 0) return DAMAGED; // transport_error_indicator
    const isTable = pid < FIRST_TRACK_PID || pid === this.#pmtPid;
    if (!isTable && this.#program === null) return (this.#units[pid] = NO_PMT);
    if (pid === NULL_PID) return PASSES;
    if (this.#pidUses[pid] === UNLISTED) return (this.#units[pid] = UNLISTED_PID);
    if (!hasPayload(data, at)) return this.#units[pid]!;
    if ((data[at + 3]! & SCRAMBLING_CONTROL) !== 0) return (this.#units[pid] = SCRAMBLED);
    if (startsUnit(data, at)) this.#units[pid] = this.#classifyUnit(data, at, pid);
    const reason = this.#units[pid]!;
    if (reason === PASSES && (pid === PAT_PID || pid === this.#pmtPid)) {
      const isOther = this.#reader.push(data, at);
      if (isOther || this.#reader.pmtPid !== this.#pmtPid) this.#learn();
    }
    return reason;
  }

  #classifyUnit(data: Uint8Array, at: number, pid: number): WithheldReason {
    const what = this.#pidUses[pid]!;
    const start = firstBytes(data, at, pid);
    const isPes = start >>> 8 === 1; // packet_start_code_prefix
    if (what === SECTIONS) return start < 0 || isPes ? NO_SECTIONS : PASSES;
    if (start < 0 || !isPes) return NO_PES;
    const entry = TRACK_KINDS[what - FIRST_KIND]!;
    const kind = kindOfUnit(entry, start & 0xff);
    if (kind === 'audio') return entry === 'audio' ? SOUND_ENTRY : SOUND_UNIT;
    return kind === 'unknown' ? NOT_KNOWN : PASSES;
  }

  /** Applies the tables: a PID whose use has changed is withheld until a unit starts. */
  #learn(): void {
    const { program, pmtPid } = this.#reader;
    const before = this.#pidUses;
    const now = new Uint8Array(PID_COUNT);
    this.#pmtPid = pmtPid;
    this.#program = program?.pmtPid === pmtPid ? program : null; // a new PAT, whose PMT has not arrived
    for (const { pid, kind, sections } of this.#program?.tracks ?? []) {
      now[pid] = sections ? SECTIONS : FIRST_KIND + TRACK_KINDS.indexOf(kind);
    }
    now.fill(SECTIONS, 0, FIRST_TRACK_PID);
    if (pmtPid >= 0) now[pmtPid] = SECTIONS;
    for (let pid = 0; pid < PID_COUNT; pid++) if (now[pid] !== before[pid]) this.#units[pid] = MID_UNIT;
    this.#pidUses = now;
  }
}

/**
 * The first four bytes of the unit that starts in the packet at `at`, even if they span several packets of the message; -1
 * if they are not all available.
 */
function firstBytes(data: Uint8Array, at: number, pid: number): number {
  let value = 0;
  let count = 0;
  for (let next = at; next < data.length; next += PACKET_BYTES) {
    if (next !== at) {
      if (readPid(data, next) !== pid || !hasPayload(data, next)) continue;
      if (startsUnit(data, next) || (data[next + 1]! & 0x80) !== 0) return -1;
    }
    for (let i = payloadStart(data, next); i < next + PACKET_BYTES; i++) {
      value = value * 256 + data[i]!;
      if (++count === 4) return value;
    }
  }
  return -1;
}
