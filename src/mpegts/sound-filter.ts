// Takes the sound (or everything) out of one feed's packets, for those who get the feed as it is.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.3, §2.4.3.7.

import {
  adaptationFlags,
  hasPayload,
  NULL_PID,
  PACKET_BYTES,
  payloadStart,
  PID_COUNT,
  RANDOM_ACCESS,
  readPid,
  startsUnit,
} from './packet.js';
import type { Program } from './program.js';
import { kindOfStreamId } from './track.js';

// What is known of a PID.
const UNKNOWN = 0;
const PASSED = 1; // no sound
const SOUND = 2;

/** What is muted. */
export type Muted = 'audio' | 'all' | null;

/**
 * Leaves out what is muted. Afterwards a track comes back with the next PES packet that starts (a picture with a random
 * access point, where it marks them), its counters going on from the last one sent. Packets of PIDs that no table has
 * told of yet do not pass a mute: they may be sound.
 */
export class SoundFilter {
  #muted: Muted = null;
  readonly #kinds = new Uint8Array(PID_COUNT);
  readonly #marks = new Uint8Array(PID_COUNT); // 1: random access points are marked
  readonly #waits = new Uint8Array(PID_COUNT); // 1: was muted, and nothing to begin with has come since
  readonly #shift = new Uint8Array(PID_COUNT); // what is taken from the continuity_counter
  #program: Program | null = null;
  #isTouched = false; // whether any PID waits or is shifted
  #joinAt = -1;

  get muted(): Muted {
    return this.#muted;
  }

  set muted(muted: Muted) {
    this.#muted = muted;
    if (muted !== null) this.#isTouched = true;
  }

  /** Another source begins: its PIDs and counters are its own. */
  restart(): void {
    this.#program = null;
    this.#kinds.fill(UNKNOWN);
    this.#marks.fill(0);
    this.#waits.fill(0);
    this.#shift.fill(0);
    this.#isTouched = this.#muted !== null;
  }

  /** Where the random access point of the last message stands in what passed; -1 if it did not pass. */
  get joinAt(): number {
    return this.#joinAt;
  }

  /**
   * The packets of a message that pass: `data` itself where nothing was ever taken out; `null` if none do. `joinAt` is
   * the offset of its first random access point, or -1.
   */
  apply(data: Uint8Array, program: Program | null, pmtPid: number, joinAt = -1): Uint8Array | null {
    this.#joinAt = this.#isTouched ? -1 : joinAt;
    if (!this.#isTouched) return data;
    if (program !== this.#program) this.#learn(program);
    const out = new Uint8Array(data.length);
    let to = 0;
    for (let at = 0; at < data.length; at += PACKET_BYTES) {
      const pid = readPid(data, at);
      if (!this.#passes(data, at, pid, pmtPid)) continue;
      if (at === joinAt) this.#joinAt = to;
      for (let i = 0; i < PACKET_BYTES; i++) out[to + i] = data[at + i]!;
      const shift = this.#shift[pid]!;
      if (shift !== 0) out[to + 3] = (data[at + 3]! & 0xf0) | ((data[at + 3]! - shift) & 0x0f);
      to += PACKET_BYTES;
    }
    return to === 0 ? null : out.subarray(0, to);
  }

  /** Tables with the counters that they have for those who get what passes. */
  shift(tables: Uint8Array): Uint8Array {
    for (let at = 0; at < tables.length; at += PACKET_BYTES) {
      tables[at + 3] = (tables[at + 3]! & 0xf0) | ((tables[at + 3]! - this.#shift[readPid(tables, at)]!) & 0x0f);
    }
    return tables;
  }

  #learn(program: Program | null): void {
    this.#program = program;
    this.#kinds.fill(UNKNOWN);
    for (const { pid, kind } of program?.tracks ?? []) this.#kinds[pid] = kind === 'audio' ? SOUND : PASSED;
    if (program) this.#kinds[program.pcrPid] ||= PASSED; // a PID of its own, with nothing but a clock
  }

  #passes(data: Uint8Array, at: number, pid: number, pmtPid: number): boolean {
    const starts = startsUnit(data, at) && hasPayload(data, at);
    const isAccess = (adaptationFlags(data, at) & RANDOM_ACCESS) !== 0;
    if (isAccess) this.#marks[pid] = 1;
    if (starts) this.#lookAtStreamId(data, at, pid);
    if (!this.#isMutedPid(pid, pmtPid)) {
      if (this.#waits[pid] === 0) return true;
      if (starts && (isAccess || this.#marks[pid] === 0)) {
        this.#waits[pid] = 0;
        return true;
      }
    } else {
      this.#waits[pid] = 1;
    }
    if (hasPayload(data, at)) this.#shift[pid] = (this.#shift[pid]! + 1) & 0x0f;
    return false;
  }

  #isMutedPid(pid: number, pmtPid: number): boolean {
    if (this.#muted !== 'audio') return this.#muted === 'all';
    // 0 to 0x1F are tables (table 2-3, EN 300 468 table 1).
    if (pid < 0x20 || pid === pmtPid || pid === NULL_PID) return false;
    return this.#kinds[pid] !== PASSED;
  }

  /** A PES packet's stream_id says better than the tables what it carries. */
  #lookAtStreamId(data: Uint8Array, at: number, pid: number): void {
    const from = payloadStart(data, at);
    if (from + 4 > at + PACKET_BYTES) return;
    if (data[from] !== 0 || data[from + 1] !== 0 || data[from + 2] !== 1) return; // packet_start_code_prefix
    const kind = kindOfStreamId(data[from + 3]!);
    if (kind === 'audio') this.#kinds[pid] = SOUND;
    else if (kind === 'video') this.#kinds[pid] = PASSED;
  }
}
