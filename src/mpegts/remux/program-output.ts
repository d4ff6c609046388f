// The output of a Remuxer: the message being built, the tables and PCRs inserted into it, and their timing.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.3.4, §2.4.4, §2.7.2.

import { muteDescriptorOf } from '../mute/mute-descriptor.js';
import type { MutedPart } from '../mute/mute-filter.js';
import { OutputBuffer, type ResultLifetime } from '../packet/output-buffer.js';
import { OutputTables } from './output-tables.js';
import { HAS_PCR, NULL_PID, PACKET_BYTES, RANDOM_ACCESS, SYNC } from '../packet/packet.js';
import { PCR_EVERY_MS, RepeatSchedule, TABLES_EVERY_MS, TICK_MS } from '../psi/repeat-schedule.js';
import { MAX_AT_ONCE } from '../clock/pcr-output.js';
import { ProgramClock } from '../clock/program-clock.js';
import type { PlannedTrack } from './program-plan.js';
import type { RemuxFeed, RemuxTrack } from './remux-feed.js';
import { newCounters } from './remux-report.js';
import { readPcr, TICKS_PER_MS, writePcr } from '../packet/timestamp.js';

/** If a feed's PCR has been missing for this long, it is no longer waited for. */
const PCR_WAIT_MS = 1000;
/** A PCR is inserted before a unit if it would advance by more than this: timestamps may be ahead of the wall clock. */
const MAX_ADVANCE = 70 * TICKS_PER_MS;
/** Likewise if the last one is this old: many sources, such as ffmpeg, send a PCR only every 120 ms. */
const MAX_SINCE_MS = 70;
/** The same limit if units are hardly ahead of the PCR: DTS - PCR adds to a decoder's delay. */
const MAX_ADVANCE_IF_NEAR = 30 * TICKS_PER_MS;
/**
 * A PCR that would advance by more than {@link MAX_AT_ONCE} does so in steps, in packets without payload. An advance of
 * more than this is a pause, and is done at once.
 */
const LARGEST_ADVANCE = 3000 * TICKS_PER_MS;

export class ProgramOutput {
  readonly counters = newCounters();
  readonly tables = new OutputTables();
  readonly clock = new ProgramClock();
  readonly buffer: OutputBuffer;
  readonly pace = new RepeatSchedule();
  /** The offset in the message being built of the first place where a reader can start; -1 if there is none. */
  accessPointOffset = -1;
  /** Whether the tables changed and must be sent before any other packet. */
  tablesPending = false;
  /** What the tables described last say is muted. */
  mutedPart: MutedPart = null;

  plan: readonly PlannedTrack[] = [];
  pcrTrack: PlannedTrack | null = null;
  /**
   * The track whose random access points are used to start readers: the first video track, or else the first audio track.
   */
  keyTrack: RemuxTrack | null = null;

  #tablesAtMs = NaN;
  #carriedAtMs = NaN;
  /** The output PCR of the current packet; NaN if not yet known. */
  #prepared = NaN;

  constructor(lifetime: ResultLifetime) {
    this.buffer = new OutputBuffer(lifetime);
  }

  /** Starts the message built from `data`, with room for tables if they are likely to be inserted. */
  open(data: Uint8Array, nowMs: number): void {
    const access = data.length > 5 && (data[3]! & 0x20) !== 0 && (data[5]! & RANDOM_ACCESS) !== 0;
    this.buffer.open(data, access || this.areTablesDue(nowMs) ? this.tables.length : 0);
  }

  get sentTables(): boolean {
    return !Number.isNaN(this.#tablesAtMs);
  }

  areTablesDue(nowMs: number): boolean {
    return this.tablesPending || this.pace.isDue(this.#tablesAtMs, TABLES_EVERY_MS, nowMs);
  }

  pendingTables(nowMs: number): Uint8Array | null {
    if (!this.tablesPending) return null;
    const packets = new Uint8Array(this.tables.length);
    this.#writeTables(packets, 0, nowMs);
    return packets;
  }

  /**
   * The tables of a program of which a mute leaves nothing, to be sent with every tick: readers can tell it from one that is gone,
   * also new ones.
   */
  mutedTables(muted: MutedPart, nowMs: number): Uint8Array | null {
    this.mutedPart = muted;
    this.tables.describe(NULL_PID, muteDescriptorOf(muted), []);
    this.tablesPending = true;
    return this.pendingTables(nowMs);
  }

  #writeTables(out: Uint8Array, at: number, nowMs: number): void {
    this.tables.write(out, at);
    this.tablesPending = false;
    this.#tablesAtMs = nowMs;
  }

  /** Inserts tables before a unit, if they are due or a reader can start there. */
  startUnit(track: RemuxTrack, flags: number, nowMs: number): void {
    const isKey = track === this.keyTrack || this.keyTrack === null;
    const access = track.kind === 'video' && (flags & RANDOM_ACCESS) !== 0;
    if (access) track.marksAccess = true;
    if (!access && !this.areTablesDue(nowMs)) return;
    const at = this.insertTables(nowMs);
    if (this.accessPointOffset < 0 && isKey && (access || track.kind !== 'video')) this.accessPointOffset = at;
  }

  /** Returns the offset of the tables in the message being built. */
  insertTables(nowMs: number): number {
    const offset = this.buffer.length;
    const to = this.buffer.insert(this.tables.length);
    this.#writeTables(this.buffer.bytes, to, nowMs);
    return offset;
  }

  /** Computes the output PCR before a packet is sent that carries the program's. */
  preparePcr(nowMs: number): void {
    this.#carry(this.#makeInSteps(nowMs), nowMs);
  }

  /** Inserts a PCR before a unit of `feed` if one is due: for units whose first packet does not carry the program's. */
  insertDuePcr(feed: RemuxFeed, nowMs: number): void {
    const advance = this.clock.pcrAdvance(nowMs);
    const { pcr } = this.clock;
    const isDue = advance > (pcr.lag > 0 ? MAX_ADVANCE_IF_NEAR : MAX_ADVANCE) || pcr.sinceMs(nowMs) > MAX_SINCE_MS;
    if (!isDue || this.clock.awaitsPcr(feed, nowMs)) return;
    if (!this.sentTables) this.insertTables(nowMs);
    this.insertMadePcr(feed, nowMs);
  }

  /** Returns the PCR to send now; inserts others before it if it would advance by more than is allowed. */
  #makeInSteps(nowMs: number): number {
    let { last } = this.clock.pcr;
    const value = this.clock.makePcr(nowMs);
    if (value - last > LARGEST_ADVANCE || !this.sentTables) return value;
    if (this.tablesPending) this.insertTables(nowMs); // they may announce the PID
    while (value - last > MAX_AT_ONCE) this.insertPcr((last += MAX_ADVANCE));
    return value;
  }

  /** Does so if `track` is on PCR_PID, for a packet that does not start a unit. `pcr`: the feed's in it; NaN: none. */
  prepareOwnPcr(feed: RemuxFeed, track: RemuxTrack, pcr: number, nowMs: number): void {
    if (track !== this.pcrTrack?.track || !(track.clock ?? feed.clock)) return;
    if (!Number.isNaN(pcr)) this.clock.observePcr(feed, pcr, nowMs);
    this.preparePcr(nowMs);
  }

  /** Rewrites the PCR of the packet at `to` in the buffer. */
  movePcr(feed: RemuxFeed, track: RemuxTrack, to: number, nowMs: number): void {
    const { bytes } = this.buffer;
    const clock = track.clock ?? feed.clock;
    if (!clock) {
      if ((bytes[to + 5]! & 0x0f) !== 0) return;
      bytes[to + 5] = bytes[to + 5]! & ~HAS_PCR; // no timestamp has defined the time yet: replaced by stuffing
      bytes.fill(0xff, to + 6, to + 12);
    } else if (track === this.pcrTrack?.track) {
      if (Number.isNaN(this.#prepared)) {
        this.#observeSentPcr(feed, track, to, nowMs);
        this.#carry(this.clock.makePcr(nowMs), nowMs);
      }
      writePcr(bytes, to, this.#prepared);
      this.#prepared = NaN;
    } else {
      this.#observeSentPcr(feed, track, to, nowMs);
      writePcr(bytes, to, this.clock.moveOtherPcr(clock, readPcr(bytes, to)));
    }
  }

  /** A packet is not sent that carries `pcr`, the feed's (NaN: another): it is sent in a packet without payload. */
  passPcr(feed: RemuxFeed, pcr: number, nowMs: number): void {
    const isOwn = !Number.isNaN(pcr);
    if (isOwn && Number.isNaN(this.#prepared)) this.clock.observePcr(feed, pcr, nowMs);
    if (isOwn && this.pcrTrack?.feed === feed && this.sentTables && feed.clock !== null) {
      if (this.areTablesDue(nowMs)) this.insertTables(nowMs);
      if (Number.isNaN(this.#prepared)) this.preparePcr(nowMs);
      this.insertPcr(this.#prepared);
    }
    this.#prepared = NaN;
  }

  /** Samples the PCR of the packet at `to` in the buffer, also if it is not a unit's first. */
  #observeSentPcr(feed: RemuxFeed, track: RemuxTrack, to: number, nowMs: number): void {
    if (track.track.pid === feed.pcrPid) this.clock.observePcr(feed, readPcr(this.buffer.bytes, to), nowMs);
  }

  #carry(value: number, nowMs: number): void {
    this.#prepared = value;
    this.#carriedAtMs = nowMs;
  }

  /** At the end of a message: inserts a PCR if the feed that should provide it does not. */
  makePcr(feed: RemuxFeed, nowMs: number): void {
    if (!this.sentTables || this.buffer.length === 0) return;
    const { pcr } = this.clock;
    const isSilent = !(nowMs - this.#carriedAtMs < PCR_WAIT_MS);
    if (isSilent ? this.pace.isDue(pcr.atMs, PCR_EVERY_MS, nowMs) : pcr.sinceMs(nowMs) > PCR_EVERY_MS)
      this.insertMadePcr(feed, nowMs);
  }

  insertMadePcr(feed: RemuxFeed | null, nowMs: number): void {
    if (!this.pcrTrack || !this.clock.isTimeKnown) return;
    if (feed && this.clock.awaitsPcr(feed, nowMs)) return;
    this.insertPcr(this.#makeInSteps(nowMs));
  }

  /** Inserts a packet that contains only a PCR; it does not increment the continuity_counter (§2.4.3.3). */
  insertPcr(value: number): void {
    const out = this.pcrTrack!.track.out!; // only called if there is one
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

  /** Whether {@link tick} has to insert anything. */
  isTickDue(nowMs: number): boolean {
    return this.#areTablesOverdue(nowMs) || this.#isPcrDue(nowMs);
  }

  /** Whether a PCR would be late at the next tick, and no message is expected in time whose units would bring one. */
  #isPcrDue(nowMs: number): boolean {
    const { atMs } = this.clock.pcr;
    if (nowMs - atMs <= PCR_EVERY_MS - TICK_MS) return false;
    return !this.pace.isExpected(nowMs, atMs + PCR_EVERY_MS);
  }

  /** Inserts what becomes due by time alone while media flows. */
  tick(nowMs: number): void {
    if (this.#areTablesOverdue(nowMs)) this.insertTables(nowMs);
    if (this.sentTables && this.#isPcrDue(nowMs)) this.insertMadePcr(null, nowMs);
  }

  #areTablesOverdue(nowMs: number): boolean {
    if (this.tablesPending) return true;
    const isNear = nowMs - this.#tablesAtMs <= TABLES_EVERY_MS - TICK_MS;
    return !isNear && !this.pace.isExpected(nowMs, this.#tablesAtMs + TABLES_EVERY_MS);
  }
}
