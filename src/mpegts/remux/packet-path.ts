// The path of a packet through a Remuxer: whether it is sent, and what is rewritten in it. Everything here runs per packet.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.3.

import { HAS_PRIVATE_DATA, removePrivateData } from '../packet/adaptation-field.js';
import type { AccessTimeouts } from '../splice/splicer.js';
import type { OutputBuffer } from '../packet/output-buffer.js';
import { append, isSamePayload, spread } from '../packet/packet-runs.js';
import { DISCONTINUITY, HAS_PCR, NULL_PID, PACKET_BYTES, PAT_PID, RANDOM_ACCESS, SYNC } from '../packet/packet.js';
import { hasPesHeader, PES_STAMPED_BYTES, pesBytesNeeded, stampsOf, startsPes } from '../packet/pes.js';
import type { Planner } from './planner.js';
import type { ProgramClock } from '../clock/program-clock.js';
import type { ProgramOutput } from './program-output.js';
import { CLOCK, FIRST_TRACK, MAX_HELD_PACKETS, TABLE, type RemuxFeed, type RemuxTrack } from './remux-feed.js';
import type { RemuxCounters } from './remux-report.js';
import { withSets } from '../pictures/picture-start.js';
import { holdSpliceInfo, shiftSpliceTimes, SPLICE_INFO } from '../psi/splice-info.js';
import { readPcr, readTimestamp, writeTimestamp } from '../packet/timestamp.js';
import { kindOfUnit, type TrackKind } from '../psi/track.js';

export class PacketPath {
  readonly #output: ProgramOutput;
  readonly #timeouts: AccessTimeouts;
  readonly #planner: Planner;
  readonly #buffer: OutputBuffer;
  readonly #clock: ProgramClock;
  readonly #counters: RemuxCounters;
  readonly #header = new Uint8Array(PES_STAMPED_BYTES);

  constructor(output: ProgramOutput, timeouts: AccessTimeouts, planner: Planner) {
    this.#output = output;
    this.#timeouts = timeouts;
    this.#planner = planner;
    this.#buffer = output.buffer;
    this.#clock = output.clock;
    this.#counters = output.counters;
  }

  /** Processes a message of `feed`; the output buffer must have the same message open. */
  push(feed: RemuxFeed, data: Uint8Array, nowMs: number): void {
    for (let at = 0; at + PACKET_BYTES <= data.length;) {
      const next = this.#output.areTablesDue(nowMs) ? at : this.#forwardPayloadRun(feed, data, at);
      if (next === at) this.#pushOne(feed, data, at, nowMs);
      at = next === at ? at + PACKET_BYTES : next;
    }
  }

  /**
   * The fast path for most packets: those that continue a unit being sent and carry only payload. Processes as many as
   * there are from `from` on and returns the offset of the first one that needs full processing.
   */
  #forwardPayloadRun(feed: RemuxFeed, data: Uint8Array, from: number): number {
    const { slots, tracks } = feed;
    const { bytes } = this.#buffer;
    const shift = this.#buffer.nextAt - from;
    let track: RemuxTrack | null = null;
    let pid = -1;
    let last = 0;
    let counter = 0;
    let high = 0;
    let low = 0;
    let at = from;
    for (; at + PACKET_BYTES <= data.length; at += PACKET_BYTES) {
      const second = data[at + 1]!;
      const control = data[at + 3]!;
      // No error, no start of a unit, not scrambled, payload only.
      if (data[at] !== SYNC || (second & 0xc0) !== 0 || (control & 0xf0) !== 0x10) break;
      const here = ((second & 0x1f) << 8) | data[at + 2]!;
      if (here !== pid) {
        const slot = slots[here]!;
        if (slot < FIRST_TRACK) break;
        const next = tracks[slot - FIRST_TRACK]!;
        if (!next.open || next.held || next.counter < 0) break;
        if ((control & 0x0f) !== ((next.counter + 1) & 0x0f)) break;
        if (track) track.advance(last, counter, data, at - PACKET_BYTES);
        track = next;
        pid = here;
        last = track.counter;
        const out = track.out!; // open tracks have one
        counter = out.counter;
        high = out.pid >> 8;
        low = out.pid & 0xff;
      } else if ((control & 0x0f) !== ((last + 1) & 0x0f)) break;
      last = control & 0x0f;
      counter = (counter + 1) & 0x0f;
      const to = at + shift;
      bytes[to + 1] = (second & 0x20) | high; // transport_priority
      bytes[to + 2] = low;
      bytes[to + 3] = 0x10 | counter;
    }
    if (at === from) return from;
    track!.advance(last, counter, data, at - PACKET_BYTES);
    this.#counters.received += (at - from) / PACKET_BYTES;
    this.#counters.sent += (at - from) / PACKET_BYTES;
    this.#buffer.keep(at - from);
    return at;
  }

  #pushOne(feed: RemuxFeed, data: Uint8Array, at: number, nowMs: number): void {
    this.#counters.received++;
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
      this.#drop(feed, 1);
      this.#buffer.skip();
      return;
    }
    if (slot < FIRST_TRACK) return this.#nonTrackPacket(feed, data, at, pid, slot, flags, nowMs);
    const track = feed.tracks[slot - FIRST_TRACK]!;
    if ((control & 0xc0) !== 0) {
      this.#drop(feed, 1); // transport_scrambling_control: the stamps cannot be read
      this.#buffer.skip();
      return;
    }
    let lost = 0;
    if ((control & 0x10) !== 0) {
      const counter = control & 0x0f;
      if (track.counter >= 0 && counter !== ((track.counter + 1) & 0x0f)) {
        if (counter === track.counter && track.lastData && isSamePayload(track.lastData, track.lastAt, data, at)) {
          this.#counters.duplicates++;
          this.#buffer.skip();
          return;
        }
        if ((flags & DISCONTINUITY) === 0) lost = (counter - track.counter - 1) & 0x0f;
        if (track.out) this.#counters.lost += lost;
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
      this.#omit(feed, data, at, pid, flags, nowMs);
      return;
    }
    if (this.#output.areTablesDue(nowMs)) this.#output.insertTables(nowMs);
    if ((flags & HAS_PCR) !== 0) this.#output.prepareOwnPcr(feed, track, data, at, nowMs);
    this.#send(feed, track, this.#buffer.keep(), flags, lost, nowMs);
  }

  /** Processes a packet in which a unit starts, or continues with its header still incomplete. */
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
    if (starts && feed.isWithoutSound && feed.awaitsNewPmt) {
      track.stop();
      this.#omit(feed, data, at, pid, flags, nowMs);
      return;
    }
    if (track.track.sections) {
      const isReadable = payload + 4 <= at + PACKET_BYTES && !startsPes(data, payload);
      if (starts) this.#setKind(track, isReadable ? track.track.kind : 'unknown');
      if (!track.out) return this.#omit(feed, data, at, pid, flags, nowMs);
      track.open = true;
      if (track.track.streamType === SPLICE_INFO) {
        this.#splice(feed, track, data, at, lost, nowMs);
        return;
      }
      this.#output.startUnit(track, flags, nowMs);
      this.#send(feed, track, buffer.keep(), flags, lost, nowMs);
      return;
    }
    if (starts && !(lost === 0 && track.continuesHeldPicture(data, at))) {
      if (track.held) this.#fillGaps(feed, track, nowMs, true);
      if (track.held) this.#drop(feed, track.held.length / PACKET_BYTES);
      track.held = null;
      const here = at + PACKET_BYTES - payload;
      // An access point that the encoder did not mark is found by parsing the start of the picture.
      const isAccess = feed.isAccess(track, data, at, flags);
      if (isAccess === true) flags |= RANDOM_ACCESS;
      const isPlain = isAccess === false || (isAccess === true && feed.setsFor(track) === null);
      if (isPlain && pesBytesNeeded(data, payload, here) <= here) {
        const pcr = (flags & HAS_PCR) !== 0 && pid === feed.pcrPid ? readPcr(data, at) : NaN;
        if (!this.#admit(feed, track, data, payload, flags, pcr, nowMs)) {
          this.#omit(feed, data, at, pid, flags, nowMs);
          return;
        }
        this.#output.startUnit(track, flags, nowMs);
        const to = buffer.keep();
        this.#stamp(track, buffer.bytes, to + payload - at);
        this.#send(feed, track, to, flags, lost, nowMs);
        return;
      }
      track.heldLost = lost;
    } else if (lost > 0 || track.held!.length >= MAX_HELD_PACKETS * PACKET_BYTES) {
      this.#drop(feed, track.held!.length / PACKET_BYTES + 1);
      track.stop();
      buffer.skip();
      return;
    }
    track.held = append(track.held, data, at);
    this.#fillGaps(feed, track, nowMs);
    buffer.skip();
  }

  /** Processes a packet of splice_info_sections: sent once complete, because only then their time can be rewritten. */
  #splice(feed: RemuxFeed, track: RemuxTrack, data: Uint8Array, at: number, lost: number, nowMs: number): void {
    this.#buffer.skip();
    const packets = holdSpliceInfo(track, data, at, lost);
    if (!packets) return;
    if (feed.clock) shiftSpliceTimes(packets, feed.clock.offset);
    this.#output.startUnit(track, 0, nowMs);
    this.#sendHeld(feed, track, packets, nowMs);
  }

  /**
   * Sends held packets once the header spread over them is complete, and once they show whether a picture is a random
   * access point and which parameter sets it lacks. `isOver`: the unit has ended.
   */
  #fillGaps(feed: RemuxFeed, track: RemuxTrack, nowMs: number, isOver = false): void {
    let held = track.held!;
    const taken = held.length / PACKET_BYTES;
    const isAll = isOver || taken >= MAX_HELD_PACKETS;
    const bytes = spread(held, this.#header, false);
    if (pesBytesNeeded(this.#header, 0, bytes) > bytes) return;
    let first = (held[3]! & 0x20) !== 0 && held[4]! > 0 ? held[5]! : 0;
    const isAccess = feed.isAccess(track, held, 0, first);
    if (isAccess === undefined && !isAll) return;
    if (isAccess === true) {
      first |= RANDOM_ACCESS;
      const sets = feed.setsFor(track);
      const whole = sets ? withSets(held, track.track.pid, sets, isAll) : held;
      if (!whole) return;
      held = whole;
      spread(held, this.#header, false); // PES_packet_length may have changed
    }
    track.held = null;
    const pcr = (first & HAS_PCR) !== 0 && track.track.pid === feed.pcrPid ? readPcr(held, 0) : NaN;
    if (!this.#admit(feed, track, this.#header, 0, first, pcr, nowMs)) {
      this.#counters.omitted += taken;
      return;
    }
    this.#counters.sent -= held.length / PACKET_BYTES - taken; // inserted packets were not received
    this.#output.startUnit(track, first, nowMs);
    this.#stamp(track, this.#header, 0);
    spread(held, this.#header, true);
    this.#sendHeld(feed, track, held, nowMs);
  }

  #sendHeld(feed: RemuxFeed, track: RemuxTrack, held: Uint8Array, nowMs: number): void {
    const to = this.#buffer.insert(held.length);
    this.#buffer.bytes.set(held, to);
    for (let at = 0; at < held.length; at += PACKET_BYTES) {
      const flags = (held[at + 3]! & 0x20) !== 0 && held[at + 4]! > 0 ? held[at + 5]! : 0;
      this.#send(feed, track, to + at, flags, at === 0 ? track.heldLost : 0, nowMs);
    }
  }

  /**
   * Decides whether the PES packet whose header is at `at` is sent. The clock samples it anyway. `pcr` is the PCR in its
   * first packet; NaN: none.
   */
  #admit(
    feed: RemuxFeed,
    track: RemuxTrack,
    data: Uint8Array,
    at: number,
    flags: number,
    pcr: number,
    nowMs: number,
  ): boolean {
    if (!startsPes(data, at)) {
      this.#drop(feed, 1);
      track.open = false;
      return false;
    }
    this.#setKind(track, kindOfUnit(track.track.kind, data[at + 3]!));
    const stamps = hasPesHeader(data[at + 3]!) ? stampsOf(data, at) : 0;
    if (stamps > 0) {
      const pts = readTimestamp(data, at + 9);
      const dts = stamps === 2 ? readTimestamp(data, at + 14) : pts;
      this.#clock.observe(feed, track, pts, dts, pcr, nowMs);
    }
    // Of a picture that is left out more may come: that has no PTS.
    const isStart = stamps > 0 || track.kind !== 'video' || track.clock === null;
    if (!track.open && !(isStart && this.#mayOpen(feed, track, flags, nowMs))) return false;
    const out = track.out!; // open tracks have one
    // The PCR comes before the stamps, because it decides which units are too late.
    this.#output.preparePcr(feed, track, stamps > 0 && !Number.isNaN(pcr), nowMs);
    if (stamps > 0) {
      this.#clock.stamp(feed, track, readTimestamp(data, at + 9), out.dts, nowMs);
      out.dts = this.#clock.dts;
    }
    return true;
  }

  /** Sets a track's kind as its units show it: the rule may not include that kind. */
  #setKind(track: RemuxTrack, kind: TrackKind): void {
    if (kind === track.kind) return;
    track.kind = kind;
    this.#planner.replan();
  }

  /** Whether a track that is not being sent can start with this unit. */
  #mayOpen(feed: RemuxFeed, track: RemuxTrack, flags: number, nowMs: number): boolean {
    if (!track.out && !track.replaces) return false;
    if (Number.isNaN(track.waitsSinceMs)) track.waitsSinceMs = nowMs;
    const access = (flags & RANDOM_ACCESS) !== 0;
    if (track.replaces && access) this.#planner.replaceBy(feed.name);
    if (!track.out) return false;
    // Not every encoder marks random access points: after a while any picture will do.
    const waitMs = feed.marksAccess ? this.#timeouts.markedMs : this.#timeouts.unmarkedMs;
    track.open = access || !track.needsAccess || nowMs - track.waitsSinceMs >= waitMs;
    if (track.open) {
      track.waitsSinceMs = NaN;
      track.needsAccess = false;
    }
    return track.open;
  }

  /** Rewrites stamps and stream_id of the PES header at `at`. */
  #stamp(track: RemuxTrack, bytes: Uint8Array, at: number): void {
    const streamId = bytes[at + 3]!;
    const isUsed = (id: number) => this.#output.plan.some((p) => p.track !== track && p.track.out?.streamId === id);
    bytes[at + 3] = track.out!.streamIdFor(streamId, isUsed); // admitted tracks have one
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
    this.#counters.sent++;
    if ((flags & (DISCONTINUITY | HAS_PCR | HAS_PRIVATE_DATA)) === 0) return;
    if ((flags & HAS_PRIVATE_DATA) !== 0 && feed.isWithoutSound) removePrivateData(bytes, to);
    bytes[to + 5] = bytes[to + 5]! & ~DISCONTINUITY; // the output's time and counters simply go on
    if ((flags & HAS_PCR) !== 0) this.#output.movePcr(feed, track, to, nowMs);
  }

  /** Counts packets that are dropped because they violate the standard or cannot be parsed. */
  #drop(feed: RemuxFeed, packets: number): void {
    this.#counters.damaged += packets;
    feed.dropped += packets;
  }

  /** Processes a packet of a PID that is not a track. */
  #nonTrackPacket(
    feed: RemuxFeed,
    data: Uint8Array,
    at: number,
    pid: number,
    slot: number,
    flags: number,
    nowMs: number,
  ): void {
    if (slot === CLOCK) {
      this.#omit(feed, data, at, pid, flags, nowMs);
      return;
    }
    this.#buffer.skip();
    if (pid === NULL_PID) this.#counters.nulls++;
    else if (slot !== TABLE) this.#counters.unknown++;
    else {
      this.#counters.tables++;
      if (feed.reader.push(data, at) && feed.reader.program) {
        feed.adopt(feed.reader.program);
        this.#planner.replan();
      }
      if (pid === PAT_PID) feed.expectPmt();
    }
  }

  /** Omits a packet, except for its PCR, which is sent in a packet without payload. */
  #omit(feed: RemuxFeed, data: Uint8Array, at: number, pid: number, flags: number, nowMs: number): void {
    this.#counters.omitted++;
    if ((flags & HAS_PCR) !== 0) this.#output.passPcr(feed, data, at, pid, nowMs);
    this.#buffer.skip();
  }
}
