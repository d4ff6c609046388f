// What leaves a Remuxer: the message being made, the tables and the PCR that are put into it, and their timing.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.3.4, §2.4.4, §2.7.2.

import { OutputBuffer } from './output-buffer.js';
import { OutputTables } from './output-tables.js';
import { HAS_PCR, PACKET_BYTES, RANDOM_ACCESS, SYNC } from './packet.js';
import { Pace, REPEAT_MS, TICK_MS } from './pace.js';
import { MOST_AT_ONCE } from './pcr-output.js';
import { ProgramClock } from './program-clock.js';
import type { PlannedTrack } from './program-plan.js';
import type { RemuxFeed, RemuxTrack } from './remux-feed.js';
import { newCounters } from './remux-report.js';
import { readPcr, TICKS_PER_MS, writePcr } from './timestamp.js';

/** A feed's PCR that has not come for so long is not waited for. */
const PCR_WAIT_MS = 1000;
/** A PCR is put before a unit where it would advance by more than this: stamps may come faster than time passes. */
const MOST_ADVANCE = 70 * TICKS_PER_MS;
/** So it is where the last was sent so long ago: many sources send one every 120 ms, ffmpeg among them. */
const MOST_SINCE_MS = 70;
/** And by more than this where units are hardly ahead of the PCR: a decoder waits for as long as DTS - PCR says. */
const MOST_ADVANCE_IF_NEAR = 30 * TICKS_PER_MS;
/** Where it would by more than {@link MOST_AT_ONCE}, it goes there by steps, in packets without payload, unless this was a pause. */
const LARGEST_ADVANCE = 3000 * TICKS_PER_MS;

export class ProgramOutput {
  readonly counters = newCounters();
  readonly tables = new OutputTables();
  readonly clock = new ProgramClock();
  readonly buffer: OutputBuffer;
  readonly pace = new Pace();
  /** Offset in the message being made of the first place where somebody can join; -1 if there is none. */
  joinAt = -1;
  /** Whether the tables changed and have to be sent before anything else. */
  tablesPending = false;

  plan: readonly PlannedTrack[] = [];
  pcrTrack: PlannedTrack | null = null;
  /** The track whose random access points count for those who join: the first picture's, or else the first sound's. */
  keyTrack: RemuxTrack | null = null;

  #tablesAtMs = NaN;
  #carriedAtMs = NaN;
  /** The output PCR of the packet at hand; NaN if it is not known yet. */
  #prepared = NaN;

  constructor(isLent: boolean) {
    this.buffer = new OutputBuffer(isLent);
  }

  /** Begins a message made of `data`, with room for tables where they are likely to be wanted. */
  open(data: Uint8Array, nowMs: number): void {
    const access = data.length > 5 && (data[3]! & 0x20) !== 0 && (data[5]! & RANDOM_ACCESS) !== 0;
    this.buffer.open(data, access || this.areTablesDue(nowMs) ? this.tables.length : 0);
  }

  get sentTables(): boolean {
    return !Number.isNaN(this.#tablesAtMs);
  }

  areTablesDue(nowMs: number): boolean {
    return this.tablesPending || this.pace.isDue(this.#tablesAtMs, nowMs);
  }

  pendingTables(nowMs: number): Uint8Array | null {
    if (!this.tablesPending) return null;
    const packets = new Uint8Array(this.tables.length);
    this.#writeTables(packets, 0, nowMs);
    return packets;
  }

  #writeTables(out: Uint8Array, at: number, nowMs: number): void {
    this.tables.write(out, at);
    this.tablesPending = false;
    this.#tablesAtMs = nowMs;
  }

  /** Puts tables in front of a unit that begins, if they are due or somebody could join there. */
  begin(track: RemuxTrack, flags: number, nowMs: number): void {
    const isKey = track === this.keyTrack || this.keyTrack === null;
    const access = track.kind === 'video' && (flags & RANDOM_ACCESS) !== 0;
    if (access) track.marksAccess = true;
    if (!access && !this.areTablesDue(nowMs)) return;
    const at = this.insertTables(nowMs);
    if (this.joinAt < 0 && isKey && (access || track.kind !== 'video')) this.joinAt = at;
  }

  /** Where the tables begin in what will be returned. */
  insertTables(nowMs: number): number {
    const offset = this.buffer.length;
    const to = this.buffer.insert(this.tables.length);
    this.#writeTables(this.buffer.bytes, to, nowMs);
    return offset;
  }

  /**
   * Finds the output PCR before a unit is sent: `carries` says that its first packet gives the program's. Otherwise one is
   * put before it, if that is due.
   */
  preparePcr(feed: RemuxFeed, track: RemuxTrack, carries: boolean, nowMs: number): void {
    const isCarried = carries && track === this.pcrTrack?.track;
    if (isCarried) {
      this.#carry(this.#makeInSteps(nowMs), nowMs);
      return;
    }
    const advance = this.clock.pcrAdvance(nowMs);
    const { pcr } = this.clock;
    const isDue = advance > (pcr.lag > 0 ? MOST_ADVANCE_IF_NEAR : MOST_ADVANCE) || pcr.sinceMs(nowMs) > MOST_SINCE_MS;
    if (!isDue || this.clock.awaitsPcr(feed, feed.hasMedia, nowMs)) return;
    if (!this.sentTables) this.insertTables(nowMs);
    this.insertMadePcr(feed, nowMs);
  }

  /** The PCR to be sent now, behind others that are put in between where it advances by more than is allowed. */
  #makeInSteps(nowMs: number): number {
    let { last } = this.clock.pcr;
    const value = this.clock.makePcr(nowMs);
    if (value - last > LARGEST_ADVANCE || !this.sentTables) return value;
    if (this.tablesPending) this.insertTables(nowMs); // they may name the PID
    while (value - last > MOST_AT_ONCE) this.insertPcr((last += MOST_ADVANCE));
    return value;
  }

  /** Finds the output PCR before the packet at `at` is sent, which carries the program's and begins no unit. */
  prepareOwnPcr(feed: RemuxFeed, track: RemuxTrack, data: Uint8Array, at: number, nowMs: number): void {
    if (track !== this.pcrTrack?.track || !(track.clock ?? feed.clock)) return;
    this.#observePcr(feed, track.track.pid, data, at, nowMs);
    this.#carry(this.#makeInSteps(nowMs), nowMs);
  }

  /** Rewrites the PCR of the packet at `to` in the buffer. */
  movePcr(feed: RemuxFeed, track: RemuxTrack, to: number, nowMs: number): void {
    const { bytes } = this.buffer;
    const clock = track.clock ?? feed.clock;
    if (!clock) {
      if ((bytes[to + 5]! & 0x0f) !== 0) return;
      bytes[to + 5] = bytes[to + 5]! & ~HAS_PCR; // no stamp has said yet what time it is: stuffing in its place
      bytes.fill(0xff, to + 6, to + 12);
    } else if (track === this.pcrTrack?.track) {
      if (Number.isNaN(this.#prepared)) {
        this.#observePcr(feed, track.track.pid, bytes, to, nowMs);
        this.#carry(this.clock.makePcr(nowMs), nowMs);
      }
      writePcr(bytes, to, this.#prepared);
      this.#prepared = NaN;
    } else {
      this.#observePcr(feed, track.track.pid, bytes, to, nowMs);
      writePcr(bytes, to, this.clock.moveOtherPcr(clock, readPcr(bytes, to)));
    }
  }

  /** Passes on the PCR of a packet that is left out, in a packet of its own, if it is the program's. */
  passPcr(feed: RemuxFeed, data: Uint8Array, at: number, pid: number, nowMs: number): void {
    if (Number.isNaN(this.#prepared)) this.#observePcr(feed, pid, data, at, nowMs);
    const isWanted = pid === feed.pcrPid && this.pcrTrack?.feed === feed && this.sentTables && feed.clock !== null;
    if (isWanted) {
      if (this.areTablesDue(nowMs)) this.insertTables(nowMs);
      if (Number.isNaN(this.#prepared)) this.#carry(this.#makeInSteps(nowMs), nowMs);
      this.insertPcr(this.#prepared);
    }
    this.#prepared = NaN;
  }

  /** A PCR that is not that of a unit's first packet tells what time it is, too. */
  #observePcr(feed: RemuxFeed, pid: number, data: Uint8Array, at: number, nowMs: number): void {
    if (pid === feed.pcrPid) this.clock.observePcr(feed, readPcr(data, at), nowMs);
  }

  #carry(value: number, nowMs: number): void {
    this.#prepared = value;
    this.#carriedAtMs = nowMs;
  }

  /** At the end of a message: a PCR, where the feed it should come from gives none. */
  makePcr(feed: RemuxFeed, nowMs: number): void {
    if (!this.sentTables || this.buffer.length === 0) return;
    const { pcr } = this.clock;
    const isSilent = !(nowMs - this.#carriedAtMs < PCR_WAIT_MS);
    if (isSilent ? this.pace.isDue(pcr.atMs, nowMs) : pcr.sinceMs(nowMs) > REPEAT_MS) this.insertMadePcr(feed, nowMs);
  }

  insertMadePcr(feed: RemuxFeed | null, nowMs: number): void {
    if (!this.pcrTrack || !this.clock.isTimeKnown) return;
    if (feed && this.clock.awaitsPcr(feed, feed.hasMedia, nowMs)) return;
    this.insertPcr(this.#makeInSteps(nowMs));
  }

  /** Inserts a packet that carries nothing but a PCR; it does not count up (§2.4.3.3). */
  insertPcr(value: number): void {
    const out = this.pcrTrack!.track.out!; // asked only where there is one
    const to = this.buffer.insert(PACKET_BYTES);
    const { bytes } = this.buffer;
    bytes.fill(0xff, to, to + PACKET_BYTES); // stuffing
    bytes[to] = SYNC;
    bytes[to + 1] = out.pid >> 8;
    bytes[to + 2] = out.pid & 0xff;
    bytes[to + 3] = 0x20 | out.counter; // adaptation_field_control = '10', continuity_counter as before
    bytes[to + 4] = PACKET_BYTES - 5; // adaptation_field_length
    bytes[to + 5] = HAS_PCR;
    writePcr(bytes, to, value);
  }

  /** Whether {@link tick} has anything to do. */
  isTickDue(nowMs: number): boolean {
    return this.#areTablesOverdue(nowMs) || this.#isPcrDue(nowMs);
  }

  /** Whether a PCR would be late with the next tick, and no message is expected in time: its units bring one. */
  #isPcrDue(nowMs: number): boolean {
    const { atMs } = this.clock.pcr;
    if (nowMs - atMs <= REPEAT_MS - TICK_MS) return false;
    return !this.pace.isExpected(nowMs, atMs + REPEAT_MS);
  }

  /** What time alone makes due while media flows. */
  tick(nowMs: number): void {
    if (this.#areTablesOverdue(nowMs)) this.insertTables(nowMs);
    if (this.sentTables && this.#isPcrDue(nowMs)) this.insertMadePcr(null, nowMs);
  }

  #areTablesOverdue(nowMs: number): boolean {
    if (this.tablesPending) return true;
    const isNear = nowMs - this.#tablesAtMs <= REPEAT_MS - TICK_MS;
    return !isNear && !this.pace.isExpected(nowMs, this.#tablesAtMs + REPEAT_MS);
  }
}
