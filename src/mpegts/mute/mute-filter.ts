// Removes the audio (or everything) from a feed's packets, for readers of the unchanged feed.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.3, §2.4.3.7.

import { HAS_PRIVATE_DATA, hasWholePcr, removePrivateData, writeClockPacket } from '../packet/adaptation-field.js';
import { concatenate } from '../packet/packet-runs.js';
import {
  adaptationFlags,
  hasPayload,
  NULL_PID,
  PACKET_BYTES,
  PAT_PID,
  PID_COUNT,
  RANDOM_ACCESS,
  readCounter,
  readPid,
  startsUnit,
} from '../packet/packet.js';
import { loneSectionEnd, MuteDescriptorInserter } from './mute-descriptor-inserter.js';
import { DAMAGED, type KnownProgram, PASSES, SoundClassifier } from './sound-classifier.js';
import { packetize, pmtPidOf, sectionIn } from '../psi/table-packets.js';
import { WithheldPackets, type WithheldTrack } from './withheld-packets.js';

// The state of a PID, as flags.
const MARKS = 1; // random access points are signalled
const WAITS = 2; // packets were withheld, and no place to resume has come since
const COUNTED = 4; // the counter last sent is in `counters`

const NOTHING = new Uint8Array(0);

/** What is muted. */
export type MutedPart = 'audio' | 'all' | null;

/**
 * Drops what is muted. After a mute, a track resumes with the next PES packet (for video with random access point
 * indicators: at a random access point), and its counters continue from the last one sent. An audio mute withholds every
 * packet that is not known to be video or data ({@link SoundClassifier}); a PCR in such a packet is sent in a packet without
 * payload. While muted, the PMT carries a mute descriptor ({@link MuteDescriptorInserter}); under a mute of everything, PAT and
 * PMT are sent for that, as they come if their packets have room; if not, {@link announce} makes them.
 */
export class MuteFilter {
  #muted: MutedPart = null;
  readonly #judge = new SoundClassifier();
  readonly #withheld = new WithheldPackets();
  readonly #inserter = new MuteDescriptorInserter();
  readonly #states = new Uint8Array(PID_COUNT);
  readonly #counters = new Uint8Array(PID_COUNT); // the last one sent << 4 | the offset subtracted from continuity_counter
  #isTouched = false; // whether any PID waits or has an offset
  #accessPointOffset = -1;
  #undecidedAt = -1;
  #out: Uint8Array = NOTHING; // what is made of the message at hand
  #to = 0; // how much of it there is

  get muted(): MutedPart {
    return this.#muted;
  }

  /** Mutes; in force on return. `known` is the state of the feed until now; `null`: nothing was received. */
  mute(muted: MutedPart, known: KnownProgram | null): void {
    const before = this.#muted;
    this.#muted = muted;
    if (muted === before) return;
    this.#withheld.clear();
    this.#inserter.reset();
    if (muted === null) return;
    this.#isTouched = true;
    // Units that started while everything was muted do not resume in the middle.
    this.#judge.start(known && before === 'all' ? { tables: known.tables, streamIdOf: () => -1 } : known);
  }

  /** A new source starts: its PIDs and counters are unrelated to earlier ones. */
  restart(): void {
    this.#judge.start(null);
    this.#withheld.clear();
    this.#inserter.reset();
    this.#states.fill(0);
    this.#counters.fill(0);
    this.#isTouched = this.#muted !== null;
  }

  /** Whether an audio mute withholds all of a track, because the PMT says that it is audio. */
  withholdsSoundOf(pid: number): boolean {
    return this.#muted === 'audio' && this.#judge.trackOf(pid)?.kind === 'audio';
  }

  /** The tracks that an audio mute withholds now. */
  get withheld(): WithheldTrack[] {
    return this.#muted === 'audio' ? this.#withheld.list(this.#judge) : [];
  }

  /** The offset of the last message's random access point in the output; -1 if it was withheld. */
  get accessPointOffset(): number {
    return this.#accessPointOffset;
  }

  /**
   * The offset in the output of the unit for which it is undecided whether it is a random access point; -1 if there is
   * none.
   */
  get undecidedAt(): number {
    return this.#undecidedAt;
  }

  /**
   * Returns the packets of a message that are not muted: `data` itself if nothing was ever removed; `null` if there are
   * none. `joinAt` is the offset of its first random access point, or -1; `opening` is that point's packets from earlier
   * messages, or `null`; `undecidedAt` is the offset of the unit for which it is undecided whether it is one, or -1.
   */
  apply(
    data: Uint8Array,
    accessPointOffset = -1,
    opening: Uint8Array | null = null,
    undecidedAt = -1,
  ): Uint8Array | null {
    this.#accessPointOffset = this.#isTouched ? -1 : accessPointOffset;
    this.#undecidedAt = this.#isTouched ? -1 : undecidedAt;
    if (!this.#isTouched) return data;
    const muted = this.#muted;
    // A picture whose packets were all sent continues with any packet that passes; one with withheld packets does not.
    const isBegun = opening !== null && (this.#states[readPid(opening, 0)]! & WAITS) === 0;
    this.#out = new Uint8Array(data.length);
    this.#to = 0;
    for (let at = 0; at < data.length; at += PACKET_BYTES) {
      const pid = readPid(data, at);
      if (at === undecidedAt) this.#undecidedAt = this.#to;
      const reason = muted === 'audio' ? this.#judge.classify(data, at, pid) : PASSES;
      const table = muted === 'audio' && reason === PASSES ? this.#replacedTable(data, at, pid) : null;
      if (table !== null) this.#insertTable(table, data, at);
      else if (muted === 'all' ? this.#isTable(data, at, pid) : reason === PASSES && this.#mayPass(data, at, pid)) {
        if (at === accessPointOffset && opening === null) this.#accessPointOffset = this.#to;
        this.#pass(data, at, pid);
      } else if (muted === 'audio') this.#passClock(data, at, pid, reason);
      else this.#withhold(data, at, pid);
    }
    if (isBegun && this.#to > 0) this.#accessPointOffset = 0;
    const passed = this.#to === 0 ? null : this.#out.subarray(0, this.#to);
    this.#out = NOTHING;
    return passed;
  }

  /** Adds a table in place of the packet at `at`; what follows in the message still has room. */
  #insertTable(table: Uint8Array, data: Uint8Array, at: number): void {
    const left = data.length - at;
    if (this.#to + table.length > this.#out.length - left) {
      this.#out = concatenate([this.#out, table, data.subarray(at)]);
    }
    this.#out.set(table, this.#to);
    this.#to += table.length;
  }

  /** A source's tables as readers of the output receive them: with the mute descriptor, and the counters last sent. */
  tables(tables: Uint8Array): Uint8Array {
    const described = this.#describe(tables);
    if (described === null) return this.shift(tables);
    const pmtAt = patEndOf(described);
    this.#recount(described, 0, pmtAt, this.#lastSent(tables, patEndOf(tables) - PACKET_BYTES));
    this.#recount(described, pmtAt, described.length, this.#lastSent(tables, tables.length - PACKET_BYTES));
    return described;
  }

  /**
   * Converts packets or tables to what readers of the output receive: with its counters, without private data, with the
   * mute descriptor.
   */
  shift(packets: Uint8Array): Uint8Array {
    for (let at = 0; at < packets.length; at += PACKET_BYTES) {
      const shift = this.#counters[readPid(packets, at)]! & 0x0f;
      packets[at + 3] = (packets[at + 3]! & 0xf0) | ((packets[at + 3]! - shift) & 0x0f);
      this.#removePrivateData(packets, at);
      if (readPid(packets, at) === this.#judge.pmtPid) this.#insertDescriptor(packets, at, packets, at);
    }
    return packets;
  }

  /**
   * The tables to send now, of a source whose own are `tables` (with the counters received last): with the descriptor of the mute,
   * or as they are after its end. They take their place in the output: what follows continues their counters. `null`: they cannot
   * carry the descriptor.
   */
  announce(tables: Uint8Array): Uint8Array | null {
    const packets = this.#describe(tables);
    if (packets === null) return null;
    const pmtAt = patEndOf(packets);
    this.#number(packets, 0, pmtAt, readCounter(tables, patEndOf(tables) - PACKET_BYTES));
    this.#number(packets, pmtAt, packets.length, readCounter(tables, tables.length - PACKET_BYTES));
    return packets;
  }

  /** A source's tables with the descriptor of the mute, if there is one; counters are not set. `null`: they cannot carry it. */
  #describe(tables: Uint8Array): Uint8Array | null {
    const patEnd = patEndOf(tables);
    const source = sectionIn(tables.subarray(patEnd));
    const section = this.#muted ? this.#inserter.describe(source, this.#muted) : source;
    return section && concatenate([tables.subarray(0, patEnd), packetize([section], pmtPidOf(tables), 0)]);
  }

  /** The counter last sent on the PID of the packet at `at`, whose own is the last one received. */
  #lastSent(packets: Uint8Array, at: number): number {
    return readCounter(packets, at) - (this.#counters[readPid(packets, at)]! & 0x0f);
  }

  #recount(packets: Uint8Array, from: number, to: number, last: number): void {
    for (let at = from; at < to; at += PACKET_BYTES) {
      packets[at + 3] = 0x10 | ((last - (to - at) / PACKET_BYTES + 1) & 0x0f);
    }
  }

  /** Gives the packets of one PID that are sent beside the source's the counters that follow; `received`: its last one. */
  #number(packets: Uint8Array, from: number, to: number, received: number): void {
    const pid = readPid(packets, from);
    const shift = this.#counters[pid]! & 0x0f;
    const counter = (received - shift + (to - from) / PACKET_BYTES) & 0x0f;
    this.#recount(packets, from, to, counter);
    this.#counters[pid] = (counter << 4) | ((shift - (to - from) / PACKET_BYTES) & 0x0f);
    this.#states[pid]! |= COUNTED;
    this.#isTouched = true;
  }

  /** Whether a packet is a table that carries the mute descriptor of a mute of everything, and nothing else. */
  #isTable(data: Uint8Array, at: number, pid: number): boolean {
    if (pid !== PAT_PID && pid !== this.#judge.pmtPid) return false;
    if (this.#judge.classify(data, at, pid) !== PASSES) return false;
    const passes =
      pid === PAT_PID
        ? this.#inserter.isInserted && loneSectionEnd(data, at, 0x00) > 0 // program_association_section
        : this.#inserter.insert(data, at, 'all') !== null;
    if (passes) this.#states[pid]! &= ~WAITS;
    return passes;
  }

  /**
   * What is sent in place of a packet of a PMT that has no room for the descriptor: the whole PMT where it starts, in more packets;
   * `null`: the packet itself is sent.
   */
  #replacedTable(data: Uint8Array, at: number, pid: number): Uint8Array | null {
    if (pid !== this.#judge.pmtPid || !hasPayload(data, at)) return null;
    if (this.#inserter.insert(data, at, 'audio') !== null) return null;
    const source = this.#judge.pmtSection;
    const section = source && this.#inserter.describe(source, 'audio');
    if (section === null) return null;
    this.#withhold(data, at, pid);
    if (!startsUnit(data, at)) return NOTHING;
    this.#states[pid]! &= ~WAITS;
    const packets = packetize([section], pid, 0);
    this.#number(packets, 0, packets.length, readCounter(data, at));
    return packets;
  }

  /** Puts the mute descriptor into the PMT packet at `at`, if it has room, as it is written at `to`. */
  #insertDescriptor(data: Uint8Array, at: number, out: Uint8Array, to: number): void {
    const rewritten = this.#muted && this.#inserter.insert(data, at, this.#muted);
    if (rewritten) for (let i = 4; i < PACKET_BYTES; i++) out[to + i] = rewritten[i]!;
  }

  /** Whether an unmuted packet continues what was sent, or is a place where a withheld track can resume. */
  #mayPass(data: Uint8Array, at: number, pid: number): boolean {
    const isAccess = (adaptationFlags(data, at) & RANDOM_ACCESS) !== 0;
    if (isAccess) this.#states[pid]! |= MARKS;
    const state = this.#states[pid]!;
    if ((state & WAITS) === 0 || pid === NULL_PID) return true;
    if (!startsUnit(data, at) || !hasPayload(data, at)) return false;
    if (!isAccess && (state & MARKS) !== 0) return false;
    this.#states[pid] = state & ~WAITS;
    return true;
  }

  #pass(data: Uint8Array, at: number, pid: number): void {
    const out = this.#out;
    const to = this.#to;
    this.#to += PACKET_BYTES;
    for (let i = 0; i < PACKET_BYTES; i++) out[to + i] = data[at + i]!;
    if (pid === NULL_PID) {
      if (this.#muted === 'audio') out.fill(0xff, to + 4, to + PACKET_BYTES); // its contents are unspecified
      return;
    }
    const counter = (data[at + 3]! - (this.#counters[pid]! & 0x0f)) & 0x0f;
    out[to + 3] = (data[at + 3]! & 0xf0) | counter;
    if (hasPayload(data, at)) {
      this.#counters[pid] = (counter << 4) | (this.#counters[pid]! & 0x0f);
      this.#states[pid]! |= COUNTED;
    }
    this.#removePrivateData(out, to);
    if (pid === this.#judge.pmtPid) this.#insertDescriptor(data, at, out, to);
  }

  #removePrivateData(packets: Uint8Array, at: number): void {
    if (this.#muted !== 'audio' || (adaptationFlags(packets, at) & HAS_PRIVATE_DATA) === 0) return;
    removePrivateData(packets, at);
  }

  /** Withholds a packet: the next one sent on its PID has the counter that follows the last one sent. */
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

  /** Withholds a packet except for its PCR, if it is the program's. */
  #passClock(data: Uint8Array, at: number, pid: number, reason: number): void {
    if (reason === DAMAGED) return; // counts as lost: even its PID may be wrong
    if (reason !== PASSES && pid !== NULL_PID) this.#withheld.add(pid, reason);
    this.#withhold(data, at, pid);
    if (pid !== this.#judge.pcrPid || pid === NULL_PID || !hasWholePcr(data, at)) return;
    const to = this.#to;
    this.#to += PACKET_BYTES;
    writeClockPacket(this.#out, to, data, at);
    this.#out[to + 3]! |= (readCounter(data, at) - (this.#counters[pid]! & 0x0f)) & 0x0f;
  }
}

/** Where the packets of the PAT end in tables. */
function patEndOf(tables: Uint8Array): number {
  let end = 0;
  while (end < tables.length && readPid(tables, end) === PAT_PID) end += PACKET_BYTES;
  return end;
}
