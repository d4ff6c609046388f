// Splices a stream: where a new reader starts within it, and where one reader takes over from another. Each packet goes to
// exactly one of the two, and neither receives half a unit.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.3.3, §2.4.3.4, §2.4.4.

import { concatenate } from '../packet/packet-runs.js';
import {
  DISCONTINUITY,
  hasPayload,
  NULL_PID,
  PACKET_BYTES,
  PAT_PID,
  readCounter,
  readPid,
  startsUnit,
  SYNC,
} from '../packet/packet.js';
import type { ParameterSets } from '../pictures/parameter-sets.js';
import { isPart, isStamped } from '../pictures/picture-part.js';
import { startPicture } from '../pictures/picture-start.js';
import { pmtPidOf } from '../psi/table-packets.js';

/** Information about the program in a message, as of the message's end. */
export interface ProgramFacts {
  /** PAT and PMT in packets whose counters are the last ones sent; `null` if they are unknown. */
  readonly tables: Uint8Array | null;
  /** The PID of the track whose random access points are used: video, or else audio; -1 if unknown. */
  readonly keyPid: number;
  /** Whether that track is sound that is, or may be, withheld by a mute: readers that wait for it get the tables meanwhile. */
  readonly isKeyMuted?: boolean;
  /** The PIDs of all tracks. */
  readonly pids: readonly number[];
  /** Whether the source is known to send random access points. */
  readonly marksAccess: boolean;
  /** Whether units of the key track have had a PTS: what has none may be more of the one before. */
  readonly hasStamps?: boolean;
  /** Whether a PAT has come, and no PMT yet. */
  readonly awaitsTables?: boolean;
  /** The packets of the message's first random access point that came with earlier messages. */
  readonly opening?: Uint8Array | null;
  /**
   * Where the unit starts in the message for which it is undecided whether it is a random access point, 0 if in an
   * earlier message; -1: there is none.
   */
  readonly undecidedAt?: number;
  /** The video track's parameter sets. */
  readonly parameterSets?: ParameterSets | null;
}

const NOTHING = new Uint8Array(0);

/** How long to wait for a random access point, in milliseconds. */
export interface AccessTimeouts {
  /** If the source sends them: limited, because it may stop doing so. */
  readonly markedMs: number;
  /** If none has been seen: afterwards any picture will do. */
  readonly unmarkedMs: number;
}

/** What a splice waits for, in milliseconds. */
export interface SpliceTimeouts extends AccessTimeouts {
  /** A track that starts no unit for so long after the incoming reader has started goes over to it where it is. */
  readonly tailMs: number;
}

/**
 * `new`: the incoming reader has received nothing yet; `moved`: it has received packets of another source, so the jumps of
 * counters and clock are signalled (discontinuity_indicator).
 */
export type IncomingReader = 'new' | 'moved';

/** A PTS comes every 700 ms at least (§2.7.4). */
const UNSTAMPED_MS = 1000;

/** The parts of a message for the outgoing and for the incoming reader. `null`: nothing. */
export interface SplicedMessage {
  readonly outgoing: Uint8Array | null;
  readonly incoming: Uint8Array | null;
  /** The offset of the message's random access point in `incoming`; -1 if it is not there. */
  readonly accessPointOffset: number;
}

/** One change from a reader (or none) to another. */
export class Splicer {
  /** Whether the incoming reader has received anything. */
  hasStarted = false;
  /** Whether everything goes to the incoming reader: the splice is complete. */
  isDone = false;

  readonly #outgoing = new PacketBuffer();
  readonly #incoming = new PacketBuffer();
  readonly #timeouts: SpliceTimeouts;
  readonly #reader: IncomingReader;
  readonly #moved = new Set<number>(); // PIDs that the incoming reader receives
  #holds = false; // see takeOver
  #hasTables = false; // the incoming reader gets all tables already: see takeTables
  #held: Uint8Array = NOTHING; // whole packets
  #sinceMs = NaN;
  #startedMs = NaN;

  constructor(timeouts: SpliceTimeouts, reader: IncomingReader = 'new') {
    this.#timeouts = timeouts;
    this.#reader = reader;
  }

  /**
   * For a reader that takes over from another: while it is undecided whether a picture is a random access point, its
   * packets are held back; then they go to one of the two. See {@link takeHeld}.
   */
  static takeOver(timeouts: SpliceTimeouts): Splicer {
    const splicer = new Splicer(timeouts);
    splicer.#holds = true;
    return splicer;
  }

  /** Takes the held packets for the outgoing reader, if nothing more comes or the change is not made here; `null`: none. */
  takeHeld(): Uint8Array | null {
    const held = this.#held;
    this.#held = NOTHING;
    return held.length === 0 ? null : held;
  }

  /** Whether messages came, and none had a place to start at. */
  get isWaiting(): boolean {
    return !this.hasStarted && !Number.isNaN(this.#sinceMs);
  }

  /**
   * Takes the tables of a muted program for the incoming reader, which waits for a random access point: it gets them from now on,
   * with counters that follow each other. Valid until the next call.
   */
  takeTables(tables: Uint8Array): Uint8Array {
    this.#hasTables = true;
    this.#incoming.reset(2 * tables.length);
    this.#addAll(this.#incoming, tables);
    return this.#incoming.data!; // there are tables
  }

  /** A copy with the same progress, for a reader that joins. */
  fork(nowMs: number): Splicer {
    const copy = new Splicer(this.#timeouts, this.#reader);
    for (const pid of this.#moved) copy.#moved.add(pid);
    copy.hasStarted = this.hasStarted;
    copy.isDone = this.isDone;
    copy.#sinceMs = copy.#startedMs = nowMs;
    return copy;
  }

  /** Starts again at the next random access point. */
  restart(): void {
    this.hasStarted = this.isDone = this.#hasTables = false;
    this.#moved.clear();
    this.#sinceMs = this.#startedMs = NaN;
  }

  /** From now on everything goes to the incoming reader: a source starts. */
  end(): void {
    this.hasStarted = this.isDone = true;
  }

  /**
   * Splits a message; the parts are valid until the next call. `joinAt` is the offset of its first random access point, or
   * -1. Where the incoming reader starts, PAT and PMT are inserted in front, unless they are there already, as are the
   * picture's packets from earlier messages; missing parameter sets are inserted into the picture.
   */
  splice(data: Uint8Array, accessPointOffset: number, facts: ProgramFacts | null, nowMs: number): SplicedMessage {
    if (this.isDone) return { outgoing: null, incoming: data, accessPointOffset };
    const { hasStarted } = this;
    const parts = hasStarted
      ? this.#continue(data, accessPointOffset, facts)
      : this.#start(data, accessPointOffset, facts, nowMs);
    if (this.hasStarted) this.#checkOver(facts, nowMs);
    return parts;
  }

  #continue(data: Uint8Array, accessPointOffset: number, facts: ProgramFacts | null): SplicedMessage {
    this.#outgoing.reset(data.length);
    this.#incoming.reset(2 * data.length); // each packet may need a discontinuity packet
    return this.#sort(data, accessPointOffset, facts);
  }

  #start(data: Uint8Array, accessPointOffset: number, facts: ProgramFacts | null, nowMs: number): SplicedMessage {
    if (Number.isNaN(this.#sinceMs)) this.#sinceMs = nowMs;
    // It started in an earlier message: its first packets are held, or the outgoing reader has them already.
    const isOpened = accessPointOffset === 0 && (facts?.opening ?? null) !== null;
    if (isOpened && this.#holds && this.#held.length === 0) accessPointOffset = -1;
    const from = accessPointOffset >= 0 ? accessPointOffset : this.#forced(data, facts, nowMs);
    const isAnnounced = this.#hasTables || (from < 0 && facts?.isKeyMuted === true);
    const early = isAnnounced ? tablesIn(data, from < 0 ? data.length : from, facts) : NOTHING;
    if (from < 0) {
      const outgoing = this.#hold(data, facts);
      return { outgoing, incoming: early.length > 0 ? this.takeTables(early) : null, accessPointOffset: -1 };
    }
    this.hasStarted = true;
    this.#startedMs = nowMs;
    // Copied only if something is inserted: usually it is the rest of the message.
    const opening = accessPointOffset >= 0 ? (facts?.opening ?? null) : null;
    const body = facts ? startPicture(data, from, facts, opening) : data.subarray(from);
    const isGiven = this.#hasTables || readPid(body, 0) === PAT_PID;
    const given = isGiven ? null : facts?.tables;
    const tables = this.#hasTables ? early : given && align(given, body);
    const held = this.takeHeld();
    this.#outgoing.reset((held?.length ?? 0) + data.length);
    if (held && !isOpened) this.#outgoing.add(held, 0, held.length);
    this.#outgoing.add(data, 0, from);
    this.#incoming.reset(2 * ((tables?.length ?? 0) + body.length));
    if (tables) this.#addAll(this.#incoming, tables);
    const parts = this.#sort(body, accessPointOffset < 0 ? -1 : 0, facts);
    // The tables belong to the random access point that follows them.
    return tables && parts.accessPointOffset >= 0 ? { ...parts, accessPointOffset: 0 } : parts;
  }

  /** Returns what goes to the outgoing reader, previously held packets included; the rest of the message is held. */
  #hold(data: Uint8Array, facts: ProgramFacts | null): Uint8Array | null {
    const held = this.takeHeld();
    const from = facts?.undecidedAt ?? -1;
    const begins = readPid(data, 0) === facts?.keyPid && startsUnit(data, 0) && !(held && isPart(held, 0, data, 0));
    const isOlder = from === 0 && !begins;
    // Of a unit that has begun to go to the one before, the rest does, too.
    if (!this.#holds || from < 0 || (isOlder && !held)) return held ? concatenate([held, data]) : data;
    const stay = this.#outgoing;
    stay.reset((held?.length ?? 0) + data.length);
    if (held && !isOlder) stay.add(held, 0, held.length);
    stay.add(data, 0, from);
    const kept = held && isOlder ? [held] : []; // bounded by how long AccessPointSearch follows a unit
    for (let at = from; at < data.length; at += PACKET_BYTES) {
      if (readPid(data, at) === facts?.keyPid) kept.push(data.slice(at, at + PACKET_BYTES));
      else stay.add(data, at, at + PACKET_BYTES);
    }
    this.#held = concatenate(kept);
    return stay.data;
  }

  /** Where to start without a random access point after the wait is over; -1: not yet. */
  #forced(data: Uint8Array, facts: ProgramFacts | null, nowMs: number): number {
    const { markedMs, unmarkedMs } = this.#timeouts;
    const isKnown = facts !== null && facts.tables !== null;
    if (isKnown && facts.keyPid < 0) return 0; // neither video nor audio: there is nothing to wait for
    const isWorthIt = facts !== null && (facts.marksAccess || facts.awaitsTables === true);
    const waitedMs = nowMs - this.#sinceMs - (isWorthIt ? markedMs : unmarkedMs);
    if (waitedMs < 0) return -1;
    if (!facts || facts.keyPid < 0) return 0; // nothing is known of it: whole packets are all that can be promised
    for (let at = 0; at < data.length; at += PACKET_BYTES) {
      if (readPid(data, at) !== facts.keyPid || !startsUnit(data, at)) continue;
      if (facts.hasStamps !== true || isStamped(data, at) || waitedMs > UNSTAMPED_MS) return at;
    }
    return -1;
  }

  /** Distributes a message's packets over the two buffers. */
  #sort(data: Uint8Array, accessPointOffset: number, facts: ProgramFacts | null): SplicedMessage {
    let goJoinAt = -1;
    const stay = this.#outgoing;
    const go = this.#incoming;
    // Adjacent packets for the same reader are copied together: usually that is all of them.
    let run = 0;
    for (let at = 0; at < data.length; at += PACKET_BYTES) {
      const pid = readPid(data, at);
      if (!this.#belongsToIncoming(data, at, pid, facts)) {
        go.add(data, run, at);
        stay.add(data, at, at + PACKET_BYTES);
        run = at + PACKET_BYTES;
        continue;
      }
      if (at === accessPointOffset) goJoinAt = go.length + at - run;
      if (this.#moved.has(pid)) continue;
      this.#moved.add(pid);
      if (this.#reader === 'new' || pid === NULL_PID) continue;
      go.add(data, run, at);
      go.add(discontinuityPacket(data, at, pid), 0, PACKET_BYTES);
      run = at;
    }
    go.add(data, run, data.length);
    return { outgoing: stay.data, incoming: go.data, accessPointOffset: goJoinAt };
  }

  #belongsToIncoming(data: Uint8Array, at: number, pid: number, facts: ProgramFacts | null): boolean {
    // Tables, PCRs and PIDs outside the program have no units that could be cut in half.
    if (!facts || facts.keyPid < 0 || pid === facts.keyPid || !facts.pids.includes(pid)) return true;
    return this.#moved.has(pid) || (startsUnit(data, at) && hasPayload(data, at));
  }

  #addAll(go: PacketBuffer, packets: Uint8Array): void {
    for (let at = 0; at < packets.length; at += PACKET_BYTES) {
      const pid = readPid(packets, at);
      if (this.#reader === 'moved' && !this.#moved.has(pid))
        go.add(discontinuityPacket(packets, at, pid), 0, PACKET_BYTES);
      this.#moved.add(pid);
      go.add(packets, at, at + PACKET_BYTES);
    }
  }

  #checkOver(facts: ProgramFacts | null, nowMs: number): void {
    const hasAll =
      this.#reader === 'new' && (!facts || facts.keyPid < 0 || facts.pids.every((pid) => this.#moved.has(pid)));
    // Moved: wait for infrequent tables (SDT), so that their discontinuity is signalled too.
    this.isDone = hasAll || nowMs - this.#startedMs >= this.#timeouts.tailMs;
  }
}

/** Packets appended to each other, in memory that is reused for the next message. */
class PacketBuffer {
  length = 0;
  #capacity = NOTHING;

  /** Clears the buffer and makes room for `bytes`. */
  reset(bytes: number): void {
    this.length = 0;
    if (this.#capacity.length < bytes) this.#capacity = new Uint8Array(bytes);
  }

  get data(): Uint8Array | null {
    return this.length === 0 ? null : this.#capacity.subarray(0, this.length);
  }

  add(data: Uint8Array, from: number, to: number): void {
    if (from === to) return;
    this.#capacity.set(data.subarray(from, to), this.length);
    this.length += to - from;
  }
}

/** The packets of PAT and PMT before `end`. */
function tablesIn(data: Uint8Array, end: number, facts: ProgramFacts | null): Uint8Array {
  const pmtPid = pmtPidOf(facts?.tables ?? null);
  const found: Uint8Array[] = [];
  for (let at = 0; at < end; at += PACKET_BYTES) {
    const pid = readPid(data, at);
    if (pid === PAT_PID || pid === pmtPid) found.push(data.slice(at, at + PACKET_BYTES));
  }
  return concatenate(found);
}

/** The tables with counters that those of the first tables in `data` continue, if there are any. */
function align(tables: Uint8Array, data: Uint8Array): Uint8Array {
  const aligned = new Uint8Array(tables);
  const pids = new Set<number>();
  for (let at = 0; at < aligned.length; at += PACKET_BYTES) pids.add(readPid(aligned, at));
  for (const pid of pids) {
    let next = 0;
    while (next < data.length && !(readPid(data, next) === pid && hasPayload(data, next))) next += PACKET_BYTES;
    if (next >= data.length) continue;
    let counter = readCounter(data, next);
    for (let at = aligned.length - PACKET_BYTES; at >= 0; at -= PACKET_BYTES) {
      if (readPid(aligned, at) !== pid) continue;
      counter = (counter - 1) & 0x0f;
      aligned[at + 3] = (aligned[at + 3]! & 0xf0) | counter;
    }
  }
  return aligned;
}

/** A packet without payload: signals that this PID's counter and clock jump to those at `at` (§2.4.3.4). */
function discontinuityPacket(data: Uint8Array, at: number, pid: number): Uint8Array {
  const packet = new Uint8Array(PACKET_BYTES).fill(0xff); // stuffing
  // A packet without payload does not increment the counter; the one after it does if it has payload (§2.4.3.3).
  const counter = (readCounter(data, at) - (hasPayload(data, at) ? 1 : 0)) & 0x0f;
  packet.set([SYNC, pid >> 8, pid & 0xff, 0x20 | counter, PACKET_BYTES - 5, DISCONTINUITY]);
  return packet;
}
