// Takes the sound (or everything) out of one feed's packets, for those who get the feed as it is.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.3, §2.4.3.7.

import { HAS_PRIVATE_DATA, hasWholePcr, removePrivateData, writeClockPacket } from './adaptation-field.js';
import {
  adaptationFlags,
  hasPayload,
  NULL_PID,
  PACKET_BYTES,
  PID_COUNT,
  RANDOM_ACCESS,
  readCounter,
  readPid,
  startsUnit,
} from './packet.js';
import { DAMAGED, type Known, PASSES, SoundJudge } from './sound-judge.js';
import { Withheld, type WithheldTrack } from './withheld.js';

// What is known of a PID; bits that go together.
const MARKS = 1; // random access points are marked
const WAITS = 2; // something was withheld, and nothing to begin with has come since
const COUNTED = 4; // `counters` says which counter was sent last

/** What is muted. */
export type Muted = 'audio' | 'all' | null;

/**
 * Leaves out what is muted. Afterwards a track comes back with the next PES packet that starts (a picture with a random
 * access point, where it marks them), its counters going on from the last one sent. A mute of the sound withholds all
 * that is not known to be picture or data ({@link SoundJudge}); a PCR that travels there goes on alone.
 */
export class SoundFilter {
  #muted: Muted = null;
  readonly #judge = new SoundJudge();
  readonly #withheld = new Withheld();
  readonly #states = new Uint8Array(PID_COUNT);
  readonly #counters = new Uint8Array(PID_COUNT); // the last one sent << 4 | what is taken from the continuity_counter
  #isTouched = false; // whether any PID waits or is shifted
  #joinAt = -1;
  #undecidedAt = -1;

  get muted(): Muted {
    return this.#muted;
  }

  /** Mutes; in force when it returns. `known` is what the feed has sent until now; `null`: nothing. */
  mute(muted: Muted, known: Known | null): void {
    const before = this.#muted;
    this.#muted = muted;
    if (muted === before) return;
    this.#withheld.clear();
    if (muted !== null) this.#isTouched = true;
    if (muted !== 'audio') return;
    // What began while everything was muted does not go on in its middle.
    this.#judge.begin(known && before === 'all' ? { tables: known.tables, streamIdOf: () => -1 } : known);
  }

  /** Another source begins: its PIDs and counters are its own. */
  restart(): void {
    this.#judge.begin(null);
    this.#withheld.clear();
    this.#states.fill(0);
    this.#counters.fill(0);
    this.#isTouched = this.#muted !== null;
  }

  /** What a mute of the sound withholds now. */
  get withheld(): WithheldTrack[] {
    return this.#muted === 'audio' ? this.#withheld.list(this.#judge) : [];
  }

  /** Where the random access point of the last message stands in what passed; -1 if it did not pass. */
  get joinAt(): number {
    return this.#joinAt;
  }

  /** Where the unit stands in what passed of which it is not known yet whether it is one; -1 if there is none. */
  get undecidedAt(): number {
    return this.#undecidedAt;
  }

  /**
   * The packets of a message that pass: `data` itself where nothing was ever taken out; `null` if none do. `joinAt` is
   * the offset of its first random access point, or -1; `opening` what came of that with earlier messages, or `null`;
   * `undecidedAt` is where a unit begins of which it is not known yet whether it is one, or -1.
   */
  apply(data: Uint8Array, joinAt = -1, opening: Uint8Array | null = null, undecidedAt = -1): Uint8Array | null {
    this.#joinAt = this.#isTouched ? -1 : joinAt;
    this.#undecidedAt = this.#isTouched ? -1 : undecidedAt;
    if (!this.#isTouched) return data;
    const muted = this.#muted;
    // A picture that was begun with goes on with whatever passes; one of which something was withheld does not.
    const isBegun = opening !== null && (this.#states[readPid(opening, 0)]! & WAITS) === 0;
    const out = new Uint8Array(data.length);
    let to = 0;
    for (let at = 0; at < data.length; at += PACKET_BYTES) {
      const pid = readPid(data, at);
      if (at === undecidedAt) this.#undecidedAt = to;
      const why = muted === 'audio' ? this.#judge.judge(data, at, pid) : PASSES;
      if (muted !== 'all' && why === PASSES && this.#goesOn(data, at, pid)) {
        if (at === joinAt && opening === null) this.#joinAt = to;
        this.#pass(data, at, pid, out, to);
      } else if (muted !== 'audio') {
        this.#withhold(data, at, pid);
        continue;
      } else if (!this.#passClock(data, at, pid, why, out, to)) continue;
      to += PACKET_BYTES;
    }
    if (isBegun && to > 0) this.#joinAt = 0;
    return to === 0 ? null : out.subarray(0, to);
  }

  /** Packets that passed, or tables, as those have them who get what passes: with its counters, without private data. */
  shift(packets: Uint8Array): Uint8Array {
    for (let at = 0; at < packets.length; at += PACKET_BYTES) {
      const shift = this.#counters[readPid(packets, at)]! & 0x0f;
      packets[at + 3] = (packets[at + 3]! & 0xf0) | ((packets[at + 3]! - shift) & 0x0f);
      this.#removePrivateData(packets, at);
    }
    return packets;
  }

  /** Whether a packet that is not muted follows on what was sent, or can begin what was withheld. */
  #goesOn(data: Uint8Array, at: number, pid: number): boolean {
    const isAccess = (adaptationFlags(data, at) & RANDOM_ACCESS) !== 0;
    if (isAccess) this.#states[pid]! |= MARKS;
    const state = this.#states[pid]!;
    if ((state & WAITS) === 0 || pid === NULL_PID) return true;
    if (!startsUnit(data, at) || !hasPayload(data, at)) return false;
    if (!isAccess && (state & MARKS) !== 0) return false;
    this.#states[pid] = state & ~WAITS;
    return true;
  }

  #pass(data: Uint8Array, at: number, pid: number, out: Uint8Array, to: number): void {
    for (let i = 0; i < PACKET_BYTES; i++) out[to + i] = data[at + i]!;
    if (pid === NULL_PID) {
      if (this.#muted === 'audio') out.fill(0xff, to + 4, to + PACKET_BYTES); // nobody says what is in it
      return;
    }
    const counter = (data[at + 3]! - (this.#counters[pid]! & 0x0f)) & 0x0f;
    out[to + 3] = (data[at + 3]! & 0xf0) | counter;
    if (hasPayload(data, at)) {
      this.#counters[pid] = (counter << 4) | (this.#counters[pid]! & 0x0f);
      this.#states[pid]! |= COUNTED;
    }
    this.#removePrivateData(out, to);
  }

  #removePrivateData(packets: Uint8Array, at: number): void {
    if (this.#muted !== 'audio' || (adaptationFlags(packets, at) & HAS_PRIVATE_DATA) === 0) return;
    removePrivateData(packets, at);
  }

  /** Withholds a packet: what passes of its PID goes on with the counter that follows the last one sent. */
  #withhold(data: Uint8Array, at: number, pid: number): void {
    if ((adaptationFlags(data, at) & RANDOM_ACCESS) !== 0) this.#states[pid]! |= MARKS;
    this.#states[pid]! |= WAITS;
    if (pid === NULL_PID || !hasPayload(data, at)) return;
    const counter = readCounter(data, at);
    const isCounted = (this.#states[pid]! & COUNTED) !== 0;
    const sent = isCounted ? this.#counters[pid]! >> 4 : (counter - 1 - (this.#counters[pid]! & 0x0f)) & 0x0f;
    this.#states[pid]! |= COUNTED;
    this.#counters[pid] = (sent << 4) | ((counter - sent) & 0x0f);
  }

  /** Withholds a packet but for its PCR, if it is the program's; whether there is one, at `to` of `out`. */
  #passClock(data: Uint8Array, at: number, pid: number, why: number, out: Uint8Array, to: number): boolean {
    if (why === DAMAGED) return false; // lost, as far as counters go: even its PID may be wrong
    if (why !== PASSES && pid !== NULL_PID) this.#withheld.add(pid, why);
    this.#withhold(data, at, pid);
    if (pid !== this.#judge.pcrPid || pid === NULL_PID || !hasWholePcr(data, at)) return false;
    const counter = (readCounter(data, at) - (this.#counters[pid]! & 0x0f)) & 0x0f;
    writeClockPacket(out, to, data, at, counter);
    return true;
  }
}
