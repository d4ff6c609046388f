// Joins the tracks of several feeds into one program and changes it while it runs: PIDs, counters, stamps, tables.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.3, §2.4.4, §2.7.

import { OutputBuffer } from './output-buffer.js';
import { OutputTables } from './output-tables.js';
import { freeStreamId, OutputTracks } from './output-track.js';
import {
  DISCONTINUITY,
  HAS_PCR,
  NULL_PID,
  PACKET_BYTES,
  PAT_PID,
  payloadStart,
  RANDOM_ACCESS,
  SYNC,
} from './packet.js';
import { Pace, REPEAT_MS } from './pace.js';
import { hasPesHeader, PES_STAMPED_BYTES, pesBytesNeeded, stampsOf, startsPes } from './pes.js';
import { ProgramClock } from './program-clock.js';
import { areSameInputs, choosePcrTrack, findReplacements, planTracks, putInForce } from './program-plan.js';
import type { PlannedTrack, RemuxInput, Replacement } from './program-plan.js';
import { CLOCK, FIRST_TRACK, RemuxFeed, TABLE, type RemuxTrack } from './remux-feed.js';
import { StartHold } from './start-hold.js';
import { moveSplice } from './splice.js';
import { readPcr, readTimestamp, TICKS_PER_MS, writePcr, writeTimestamp } from './timestamp.js';
import { kindOfStreamId, type TrackKind } from './track.js';

/** How long a replaced video feed may run on, and how long a picture that starts a track is waited for. */
const ACCESS_WAIT_MS = 2000;
/** A feed's PCR that has not come for so long is not waited for. */
const PCR_WAIT_MS = 1000;
/** More packets than a PES header can be spread over. */
const MOST_HELD = 20;
/** A clock whose stamps are older than this says nothing about now. */
const FRESH_MS = 300;

/** Packets, unless said otherwise, since the Remuxer was made. */
export interface RemuxCounters {
  /** Packets that came. */
  taken: number;
  /** Of these, sent on. */
  sent: number;
  nulls: number;
  /** The inputs' PAT and PMT. */
  tables: number;
  /** Of PIDs that no PMT lists: SDT, EIT, tracks before their tables. */
  unknown: number;
  /** Of tracks that are not selected, or that wait for their first unit. */
  leftOut: number;
  duplicates: number;
  /** Left out because they contradict the standard or are scrambled. */
  damaged: number;
  /** Missing from the inputs, told by continuity_counter. */
  lost: number;
  /** Tracks for which the PMT has no room, now. */
  tracksLeftOut: number;
}

/** A track of the output, for those who want to know. */
export interface RemuxedTrack {
  readonly feed: string;
  readonly inputPid: number;
  readonly pid: number;
  readonly streamType: number;
  readonly kind: TrackKind;
  /** stream_id as sent; -1 before the first unit. */
  readonly streamId: number;
}

/** How a feed's clock stands to the program's. */
export interface RemuxedClock {
  readonly feed: string;
  /** What is added to its stamps, milliseconds. */
  readonly offsetMs: number;
  /** How far that is from where it should be; NaN if unknown. */
  readonly errorMs: number;
  /** Its clock against ours, millionths. */
  readonly driftPpm: number;
  readonly isReference: boolean;
}

export type { RemuxInput } from './program-plan.js';

export class Remuxer {
  /**
   * Offset in what `push` returned last of the first place where somebody can join: the PAT before a random access
   * point, of a picture if the program has any; -1 if there is none.
   */
  joinAt = -1;
  readonly counters: RemuxCounters = {
    taken: 0,
    sent: 0,
    nulls: 0,
    tables: 0,
    unknown: 0,
    leftOut: 0,
    duplicates: 0,
    damaged: 0,
    lost: 0,
    tracksLeftOut: 0,
  };

  readonly #feeds = new Map<string, RemuxFeed>();
  #inputs: readonly RemuxInput[] = [];
  #replacements: Replacement[] = [];
  #plan: readonly PlannedTrack[] = [];
  #pcrTrack: PlannedTrack | null = null;
  #hasVideo = false;

  readonly #tracks = new OutputTracks();
  readonly #tables = new OutputTables();
  readonly #clock = new ProgramClock();
  readonly #buffer = new OutputBuffer();
  readonly #pace = new Pace();
  #tablesAtMs = NaN;
  #tablesPending = false;
  #carriedAtMs = NaN;
  readonly #header = new Uint8Array(PES_STAMPED_BYTES);

  /** The tracks of the program, in its PMT's order. */
  get program(): { readonly version: number; readonly pcrPid: number; readonly tracks: readonly RemuxedTrack[] } {
    const tracks = this.#plan.map(({ feed, track }) => ({
      feed: feed.name,
      inputPid: track.track.pid,
      pid: track.out!.pid, // every planned track has one
      streamType: track.track.streamType,
      kind: track.kind,
      streamId: track.out!.streamId,
    }));
    return { version: this.#tables.version, pcrPid: this.#pcrTrack?.track.out?.pid ?? NULL_PID, tracks };
  }

  /** PAT and PMT as they are now, for somebody who joins; empty before there is a program. */
  get tables(): Uint8Array {
    return this.#tables.copy();
  }

  get clocks(): RemuxedClock[] {
    return [...this.#feeds.values()].flatMap(({ name, clock }) => {
      if (!clock) return [];
      return {
        feed: name,
        offsetMs: clock.offset / TICKS_PER_MS,
        errorMs: this.#clock.errorOf(clock) / TICKS_PER_MS,
        driftPpm: clock.driftPpm,
        isReference: this.#clock.isReference(clock),
      };
    });
  }

  /** Units whose time had to be held up because they came too late, those of sound that were left out, and times a feed was lined up anew. */
  get timing(): { readonly heldUnits: number; readonly lateUnits: number; readonly jumps: number } {
    const { heldUnits, lateUnits, jumps } = this.#clock;
    return { heldUnits, lateUnits, jumps };
  }

  /** The feeds whose messages are wanted: the inputs, and those that run on until they are replaced. */
  get feeds(): string[] {
    return [...this.#feeds.keys()];
  }

  /**
   * Makes the program one of these inputs. In force when it returns: no packet of a track that was taken out leaves
   * afterwards, but for a video track that is replaced (2 s at most). Returns tables to send at once, or `null` if the
   * program is what it was.
   */
  setInputs(inputs: readonly RemuxInput[], nowMs: number): Uint8Array | null {
    this.joinAt = -1;
    if (areSameInputs(inputs, this.#inputs)) return null;
    this.#replacements = findReplacements(this.#plan, inputs, this.#replacements, nowMs + ACCESS_WAIT_MS);
    this.#inputs = inputs.map(({ feed, select, trimMs = 0 }) => ({ feed, select, trimMs }));
    for (const { feed: name, trimMs = 0, tables } of inputs) {
      let feed = this.#feeds.get(name);
      if (!feed) this.#feeds.set(name, (feed = new RemuxFeed(name)));
      feed.trim = trimMs * TICKS_PER_MS;
      if (feed.clock) feed.clock.trim = feed.trim;
      if (tables && !feed.program) feed.prime(tables);
    }
    this.#rebuild(true);
    return this.#pendingTables(nowMs);
  }

  /** Takes a message of a feed: whole packets. `begins` says that another source sends them. Returns what to send. */
  push(feed: string, data: Uint8Array, begins: boolean, nowMs: number): Uint8Array | null {
    this.joinAt = -1;
    const from = this.#feeds.get(feed);
    if (!from) return null;
    if (begins) {
      this.#clock.retire(from);
      from.begin();
    }
    this.#endReplacements(nowMs);
    this.#pace.note(nowMs);
    if (this.#isHeld(from, data, nowMs)) return null;
    return this.#remux(from, this.#release(from) ?? data, nowMs);
  }

  /** What has waited with the first sound of a feed; `null` if nothing has. */
  #release(feed: RemuxFeed): Uint8Array | null {
    if (!feed.hold) return null;
    const { messages, least } = feed.hold;
    feed.firstSample = least;
    feed.hold = null;
    return concatenate(messages);
  }

  #remux(from: RemuxFeed, data: Uint8Array, nowMs: number): Uint8Array | null {
    // Room for tables where they are likely to be wanted before the first packet.
    const access = data.length > 5 && (data[3]! & 0x20) !== 0 && (data[5]! & RANDOM_ACCESS) !== 0;
    const room = access || this.#areTablesDue(nowMs) ? this.#tables.length : 0;
    this.#buffer.open(data, room);
    for (let at = 0; at + PACKET_BYTES <= data.length; at += PACKET_BYTES) this.#packet(from, data, at, nowMs);
    this.#makePcr(from, nowMs);
    return this.#buffer.close();
  }

  /** Whether a message waits with the first sound of its feed. If that is over, what waited is put before `data`. */
  #isHeld(feed: RemuxFeed, data: Uint8Array, nowMs: number): boolean {
    if (feed.clock || (!feed.hold && !this.#clock.hasReference)) return false;
    if (feed.prime(data)) this.#rebuild(true);
    if (!feed.program || feed.tracks.some(({ kind }) => kind === 'video')) return false;
    if (!feed.tracks.some(({ kind }) => kind === 'audio')) return false;
    feed.hold ??= new StartHold(nowMs);
    return !feed.hold.push(data, nowMs);
  }

  /**
   * The feed's source is gone: its tracks leave the program. Returns packets to send (tables, and sound that was held
   * back if the source was shorter than that), or `null`.
   */
  leave(feed: string, nowMs: number): Uint8Array | null {
    this.joinAt = -1;
    const gone = this.#feeds.get(feed);
    if (!gone) return null;
    const held = this.#release(gone);
    const last = held && this.#remux(gone, held, nowMs);
    this.#clock.retire(gone);
    gone.leave();
    this.#rebuild(false);
    const tables = this.#pendingTables(nowMs);
    return last && tables ? concatenate([last, tables]) : (last ?? tables);
  }

  /** What time alone makes due: called every 100 ms or so while somebody watches. Returns packets to send, or `null`. */
  tick(nowMs: number): Uint8Array | null {
    this.joinAt = -1;
    this.#endReplacements(nowMs);
    const isFlowing = this.#pace.sinceMs(nowMs) <= FRESH_MS * 2 && this.#plan.length > 0;
    if (!isFlowing) return this.#pendingTables(nowMs);
    this.#buffer.open(new Uint8Array(0), PACKET_BYTES + this.#tables.length);
    if (this.#tablesPending || nowMs - this.#tablesAtMs >= REPEAT_MS) this.#insertTables(nowMs);
    if (this.#clock.pcr.sinceMs(nowMs) >= REPEAT_MS && this.#sentTables) this.#insertMadePcr(null, nowMs);
    return this.#buffer.close();
  }

  get #sentTables(): boolean {
    return !Number.isNaN(this.#tablesAtMs);
  }

  #areTablesDue(nowMs: number): boolean {
    return this.#tablesPending || this.#pace.isDue(this.#tablesAtMs, nowMs);
  }

  /** Plans the program anew. Without tracks nothing is said, unless `byRule`: a far end may as well keep its PMT. */
  #rebuild(byRule: boolean): void {
    this.#replacements = this.#replacements.filter(({ from, to }) => {
      const next = this.#feeds.get(to);
      const willCome = !next?.program || next.tracks.some(({ kind }) => kind === 'video');
      return this.#feeds.get(from)?.program && willCome;
    });
    const wanted = new Set([...this.#inputs.map(({ feed }) => feed), ...this.#replacements.map(({ from }) => from)]);
    for (const [name, feed] of this.#feeds) {
      if (wanted.has(name)) continue;
      this.#clock.retire(feed);
      this.#feeds.delete(name);
    }
    const { plan, descriptors, leftOut } = planTracks(this.#inputs, this.#feeds, this.#replacements);
    const before = this.#plan;
    this.counters.tracksLeftOut = leftOut;
    this.#plan = plan;
    this.#hasVideo = plan.some(({ track }) => track.kind === 'video');
    this.#pcrTrack = choosePcrTrack(plan, this.#pcrTrack);
    if (plan.length === 0 && !(byRule && before.length > 0)) {
      for (const { track } of before) {
        if (track.out) track.out.inUse = false;
        track.out = null;
        track.stop();
      }
      return;
    }
    if (putInForce(plan, before, descriptors, this.#pcrTrack, this.#tracks, this.#tables)) this.#tablesPending = true;
  }

  #endReplacements(nowMs: number): void {
    if (this.#replacements.length === 0) return;
    const running = this.#replacements.filter(({ untilMs }) => nowMs < untilMs);
    if (running.length === this.#replacements.length) return;
    this.#replacements = running;
    this.#rebuild(true);
  }

  #pendingTables(nowMs: number): Uint8Array | null {
    if (!this.#tablesPending) return null;
    const packets = new Uint8Array(this.#tables.length);
    this.#writeTables(packets, 0, nowMs);
    return packets;
  }

  #writeTables(out: Uint8Array, at: number, nowMs: number): void {
    this.#tables.write(out, at);
    this.#tablesPending = false;
    this.#tablesAtMs = nowMs;
  }

  #packet(feed: RemuxFeed, data: Uint8Array, at: number, nowMs: number): void {
    this.counters.taken++;
    const start = data[at + 1]! & 0x40; // payload_unit_start_indicator
    const pid = ((data[at + 1]! & 0x1f) << 8) | data[at + 2]!;
    const slot = feed.slots[pid]!;
    const control = data[at + 3]!;
    let flags = 0;
    let payload = at + 4;
    let sound = data[at] === SYNC && (data[at + 1]! & 0x80) === 0; // transport_error_indicator
    if ((control & 0x30) !== 0x10) {
      const length = data[at + 4]!; // adaptation_field_length
      if (length > 0) flags = data[at + 5]!;
      payload = (control & 0x10) !== 0 ? at + 5 + length : at + PACKET_BYTES;
      if ((control & 0x20) === 0 || length > 183 || payload > at + PACKET_BYTES) sound = false;
      else if ((flags & HAS_PCR) !== 0 && length < 7) sound = false;
    }
    if (!sound) {
      this.counters.damaged++;
      this.#buffer.skip();
      return;
    }
    if (slot < FIRST_TRACK) {
      this.#aside(feed, data, at, pid, slot, flags, nowMs);
      return;
    }
    const track = feed.tracks[slot - FIRST_TRACK]!;
    if ((control & 0xc0) !== 0) {
      this.counters.damaged++; // transport_scrambling_control: the stamps cannot be read
      this.#buffer.skip();
      return;
    }
    let lost = 0;
    if ((control & 0x10) !== 0) {
      const counter = control & 0x0f;
      if (track.counter >= 0 && counter !== ((track.counter + 1) & 0x0f)) {
        if (counter === track.counter && isDuplicate(track, data, at, payload)) {
          this.counters.duplicates++;
          this.#buffer.skip();
          return;
        }
        if ((flags & DISCONTINUITY) === 0) lost = (counter - track.counter - 1) & 0x0f;
        if (track.out) this.counters.lost += lost;
      }
      track.counter = counter;
      track.lastData = data;
      track.lastAt = at;
      if (start || track.held) {
        this.#unit(feed, track, data, at, start !== 0, payload, flags, lost, nowMs);
        return;
      }
    }
    if (!track.open) {
      this.#leaveOut(feed, data, at, pid, flags, nowMs);
      return;
    }
    if (this.#areTablesDue(nowMs)) this.#insertTables(nowMs);
    this.#send(feed, track, this.#buffer.keep(), flags, lost, nowMs);
  }

  /** A packet in which a unit begins, or goes on whose header is not complete yet. */
  #unit(
    feed: RemuxFeed,
    track: RemuxTrack,
    data: Uint8Array,
    at: number,
    starts: boolean,
    payload: number,
    flags: number,
    lost: number,
    nowMs: number,
  ): void {
    const { buffer, pid } = { buffer: this.#buffer, pid: track.track.pid };
    if (track.track.sections) {
      if (track.out) {
        track.open = true;
        this.#begin(track, flags, nowMs);
        const to = buffer.keep();
        if (feed.clock) moveSplice(buffer.bytes, to, feed.clock.offset);
        this.#send(feed, track, to, flags, lost, nowMs);
      } else this.#leaveOut(feed, data, at, pid, flags, nowMs);
      return;
    }
    if (starts) {
      if (track.held) this.counters.damaged += track.held.length / PACKET_BYTES;
      track.held = null;
      const here = at + PACKET_BYTES - payload;
      if (pesBytesNeeded(data, payload, here) <= here) {
        if (!this.#admit(feed, track, data, payload, flags, nowMs)) {
          this.#leaveOut(feed, data, at, pid, flags, nowMs);
          return;
        }
        this.#begin(track, flags, nowMs);
        const to = buffer.keep();
        this.#stamp(track, buffer.bytes, to + payload - at);
        this.#send(feed, track, to, flags, lost, nowMs);
        return;
      }
      track.heldLost = lost;
    } else if (lost > 0 || track.held!.length >= MOST_HELD * PACKET_BYTES) {
      this.counters.damaged += track.held!.length / PACKET_BYTES + 1;
      track.stop();
      buffer.skip();
      return;
    }
    track.held = append(track.held, data, at);
    this.#complete(feed, track, nowMs);
    buffer.skip();
  }

  /** Sends held packets once the header that is spread over them is complete. */
  #complete(feed: RemuxFeed, track: RemuxTrack, nowMs: number): void {
    const held = track.held!;
    const bytes = spread(held, this.#header, false);
    if (pesBytesNeeded(this.#header, 0, bytes) > bytes) return;
    track.held = null;
    const first = (held[3]! & 0x20) !== 0 && held[4]! > 0 ? held[5]! : 0;
    if (!this.#admit(feed, track, this.#header, 0, first, nowMs)) {
      this.counters.leftOut += held.length / PACKET_BYTES;
      return;
    }
    this.#begin(track, first, nowMs);
    this.#stamp(track, this.#header, 0);
    spread(held, this.#header, true);
    const to = this.#buffer.insert(held.length);
    this.#buffer.bytes.set(held, to);
    for (let at = 0; at < held.length; at += PACKET_BYTES) {
      const flags = (held[at + 3]! & 0x20) !== 0 && held[at + 4]! > 0 ? held[at + 5]! : 0;
      this.#send(feed, track, to + at, flags, at === 0 ? track.heldLost : 0, nowMs);
    }
  }

  /** Looks at a PES packet that begins: whether it is sent. The clock learns from it either way. */
  #admit(feed: RemuxFeed, track: RemuxTrack, data: Uint8Array, at: number, flags: number, nowMs: number): boolean {
    if (!startsPes(data, at)) {
      this.counters.damaged++;
      track.open = false;
      return false;
    }
    const kind = kindOfStreamId(data[at + 3]!);
    if (kind && kind !== track.kind) {
      track.kind = kind;
      this.#rebuild(true);
    }
    const stamps = hasPesHeader(data[at + 3]!) ? stampsOf(data, at) : 0;
    if (stamps > 0) this.#clock.observe(feed, track, readTimestamp(data, at + (stamps === 2 ? 14 : 9)), nowMs);
    if (!track.open && !this.#mayOpen(feed, track, flags, nowMs)) return false;
    const out = track.out!; // open tracks have one
    if (stamps > 0 && !this.#clock.stamp(feed, track, readTimestamp(data, at + 9), out.dts, nowMs)) {
      track.open = false;
      return false;
    }
    if (stamps > 0) out.dts = this.#clock.dts;
    return true;
  }

  /** Whether a track that is not being sent begins with this unit. */
  #mayOpen(feed: RemuxFeed, track: RemuxTrack, flags: number, nowMs: number): boolean {
    if (!track.out && !track.replaces) return false;
    if (Number.isNaN(track.waitsSinceMs)) track.waitsSinceMs = nowMs;
    const access = (flags & RANDOM_ACCESS) !== 0;
    if (track.replaces && access) {
      this.#replacements = this.#replacements.filter(({ to }) => to !== feed.name);
      this.#rebuild(true);
    }
    if (!track.out) return false;
    // Not every encoder marks its random access points: after a while any picture will do.
    track.open = access || !track.needsAccess || nowMs - track.waitsSinceMs >= ACCESS_WAIT_MS;
    if (track.open) {
      track.waitsSinceMs = NaN;
      track.needsAccess = false;
    }
    return track.open;
  }

  /** Puts tables in front of a unit that begins, if they are due or somebody could join there. */
  #begin(track: RemuxTrack, flags: number, nowMs: number): void {
    const access = this.#hasVideo && track.kind === 'video' && (flags & RANDOM_ACCESS) !== 0;
    if (!access && !this.#areTablesDue(nowMs)) return;
    const at = this.#insertTables(nowMs);
    if (this.joinAt < 0 && (access || !this.#hasVideo)) this.joinAt = at;
  }

  /** Where the tables begin in what will be returned. */
  #insertTables(nowMs: number): number {
    const offset = this.#buffer.length;
    const to = this.#buffer.insert(this.#tables.length);
    this.#writeTables(this.#buffer.bytes, to, nowMs);
    return offset;
  }

  /** Rewrites stamps and stream_id of the PES header at `at`. */
  #stamp(track: RemuxTrack, bytes: Uint8Array, at: number): void {
    const out = track.out!; // admitted
    const streamId = bytes[at + 3]!;
    if (out.inputStreamId !== streamId || out.streamId < 0) {
      out.inputStreamId = streamId;
      out.streamId = freeStreamId(streamId, (id) =>
        this.#plan.some((p) => p.track !== track && p.track.out?.streamId === id),
      );
    }
    bytes[at + 3] = out.streamId;
    const stamps = hasPesHeader(streamId) ? stampsOf(bytes, at) : 0;
    if (stamps === 0) return;
    writeTimestamp(bytes, at + 9, this.#clock.pts);
    if (stamps === 2) writeTimestamp(bytes, at + 14, this.#clock.dts);
  }

  /** Rewrites the header of a packet that is sent, at `to` in the buffer. */
  #send(feed: RemuxFeed, track: RemuxTrack, to: number, flags: number, lost: number, nowMs: number): void {
    const { bytes } = this.#buffer;
    const out = track.out!; // only planned tracks are sent
    const control = bytes[to + 3]!;
    if ((control & 0x10) !== 0) out.counter = (out.counter + 1 + lost) & 0x0f;
    bytes[to + 1] = (bytes[to + 1]! & 0xe0) | (out.pid >> 8);
    bytes[to + 2] = out.pid & 0xff;
    bytes[to + 3] = (control & 0xf0) | out.counter;
    this.counters.sent++;
    if ((flags & (DISCONTINUITY | HAS_PCR)) === 0) return;
    bytes[to + 5] = flags & ~DISCONTINUITY; // the output's time and counters simply go on
    if ((flags & HAS_PCR) !== 0) this.#movePcr(feed, track, to, nowMs);
  }

  #movePcr(feed: RemuxFeed, track: RemuxTrack, to: number, nowMs: number): void {
    const { bytes } = this.#buffer;
    const clock = track.clock ?? feed.clock;
    if (!clock) {
      if ((bytes[to + 5]! & 0x0f) !== 0) return;
      bytes[to + 5] = bytes[to + 5]! & ~HAS_PCR; // no stamp has said yet what time it is: stuffing in its place
      bytes.fill(0xff, to + 6, to + 12);
    } else if (track === this.#pcrTrack?.track) {
      writePcr(bytes, to, this.#clock.pcr.carry(clock, readPcr(bytes, to), nowMs));
      this.#carriedAtMs = nowMs;
    } else writePcr(bytes, to, this.#clock.pcr.moveOther(clock, readPcr(bytes, to)));
  }

  /** A packet of a PID that is no track. */
  #aside(feed: RemuxFeed, data: Uint8Array, at: number, pid: number, slot: number, flags: number, nowMs: number): void {
    if (slot === CLOCK) {
      this.#leaveOut(feed, data, at, pid, flags, nowMs);
      return;
    }
    this.#buffer.skip();
    if (pid === NULL_PID) this.counters.nulls++;
    else if (slot !== TABLE) this.counters.unknown++;
    else {
      this.counters.tables++;
      if (feed.reader.push(data, at) && feed.reader.program) {
        feed.adopt(feed.reader.program);
        this.#rebuild(true);
      }
      if (pid === PAT_PID) feed.expectPmt();
    }
  }

  /** Leaves a packet out, but for the PCR it may carry: that goes on in a packet of its own. */
  #leaveOut(feed: RemuxFeed, data: Uint8Array, at: number, pid: number, flags: number, nowMs: number): void {
    this.counters.leftOut++;
    const { clock } = feed;
    const isWanted = (flags & HAS_PCR) !== 0 && pid === feed.pcrPid && this.#pcrTrack?.feed === feed;
    if (isWanted && clock && clock.reached !== -Infinity && this.#sentTables) {
      this.#insertPcr(this.#clock.pcr.carry(clock, readPcr(data, at), nowMs));
      this.#carriedAtMs = nowMs;
    }
    this.#buffer.skip();
  }

  /** At the end of a message: a PCR, where the feed it should come from gives none. */
  #makePcr(feed: RemuxFeed, nowMs: number): void {
    if (!this.#sentTables || this.#buffer.length === 0) return;
    const { pcr } = this.#clock;
    const isSilent = !(nowMs - this.#carriedAtMs < PCR_WAIT_MS);
    if (isSilent ? this.#pace.isDue(pcr.atMs, nowMs) : pcr.sinceMs(nowMs) > REPEAT_MS) this.#insertMadePcr(feed, nowMs);
  }

  #insertMadePcr(feed: RemuxFeed | null, nowMs: number): void {
    const { pcr } = this.#clock;
    const own = this.#pcrTrack?.feed.clock ?? null;
    let clock = own && nowMs - own.reachedAtMs < FRESH_MS ? own : null;
    if (Number.isNaN(pcr.last)) clock ??= feed?.clock ?? null;
    if (!this.#pcrTrack || (Number.isNaN(pcr.last) && !clock)) return;
    this.#insertPcr(pcr.make(clock, nowMs));
  }

  /** Inserts a packet that carries nothing but a PCR; it does not count up (§2.4.3.3). */
  #insertPcr(value: number): void {
    const out = this.#pcrTrack!.track.out!; // asked only where there is one
    const to = this.#buffer.insert(PACKET_BYTES);
    const { bytes } = this.#buffer;
    bytes.fill(0xff, to, to + PACKET_BYTES); // stuffing
    bytes[to] = SYNC;
    bytes[to + 1] = out.pid >> 8;
    bytes[to + 2] = out.pid & 0xff;
    bytes[to + 3] = 0x20 | out.counter; // adaptation_field_control = '10', continuity_counter as before
    bytes[to + 4] = PACKET_BYTES - 5; // adaptation_field_length
    bytes[to + 5] = HAS_PCR;
    writePcr(bytes, to, value);
  }
}

/** Whether a packet repeats the one before it on its PID; its PCR may differ (§2.4.3.3). */
function isDuplicate(track: RemuxTrack, data: Uint8Array, at: number, payload: number): boolean {
  const { lastData: last } = track;
  if (!last) return false;
  let other = payloadStart(last, track.lastAt);
  if (other - track.lastAt !== payload - at) return false;
  for (let i = payload; i < at + PACKET_BYTES; i++) if (data[i] !== last[other++]) return false;
  return true;
}

function concatenate(messages: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(messages.reduce((bytes, { length }) => bytes + length, 0));
  let at = 0;
  for (const message of messages) {
    all.set(message, at);
    at += message.length;
  }
  return all;
}

function append(held: Uint8Array | null, data: Uint8Array, at: number): Uint8Array {
  const before = held?.length ?? 0;
  const all = new Uint8Array(before + PACKET_BYTES);
  if (held) all.set(held);
  all.set(data.subarray(at, at + PACKET_BYTES), before);
  return all;
}

/** Gathers the first payload bytes of `packets` in `header`, or with `back` writes them back; how many there are. */
function spread(packets: Uint8Array, header: Uint8Array, back: boolean): number {
  let count = 0;
  for (let at = 0; at < packets.length; at += PACKET_BYTES) {
    for (let i = payloadStart(packets, at); i < at + PACKET_BYTES && count < header.length; i++, count++) {
      if (back) packets[i] = header[count]!;
      else header[count] = packets[i]!;
    }
  }
  return count;
}
