// The path of a packet through a Remuxer: whether it is sent, and what is rewritten in it. Everything here runs per packet.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.3.
//
//   push ─┬─ only continues units that are sent ─▶ forwardPayloadRun
//         └─ any other packet ─▶ #readHeader ─▶ #processPacket
//              ├─ damaged, scrambled, a duplicate ─▶ counted
//              ├─ no track: table, null, PCR alone ─▶ #processOther
//              ├─ continues a unit ─▶ #sendNext
//              └─ starts one ─▶ #processUnit ─┬─ sections ─▶ #processSections
//                                             ├─ its first packet has all that is to be rewritten ─▶ #startUnit
//                                             └─ it has not ─▶ #hold ─(it has come)─▶ #releaseHeld

import { HAS_PRIVATE_DATA, removePrivateData } from '../packet/adaptation-field.js';
import type { AccessTimeouts } from '../splice/splicer.js';
import type { OutputBuffer } from '../packet/output-buffer.js';
import { append, gatherHeader, spreadHeader } from '../packet/packet-runs.js';
import {
  adaptationFlags,
  DISCONTINUITY,
  HAS_PCR,
  NULL_PID,
  PACKET_BYTES,
  PAT_PID,
  RANDOM_ACCESS,
  readPid,
  startsUnit,
  SYNC,
} from '../packet/packet.js';
import { hasPesHeader, PES_STAMPED_BYTES, pesBytesNeeded, stampsOf, startsPes } from '../packet/pes.js';
import type { UnitTimes } from '../clock/clocked-feed.js';
import type { Planner } from './planner.js';
import type { ProgramClock } from '../clock/program-clock.js';
import type { ProgramOutput } from './program-output.js';
import { forwardPayloadRun } from './payload-run.js';
import {
  CLOCK,
  DUPLICATE,
  FIRST_TRACK,
  MAX_HELD_PACKETS,
  TABLE,
  type RemuxFeed,
  type RemuxTrack,
} from './remux-feed.js';
import type { RemuxCounters } from './remux-report.js';
import { withSets } from '../pictures/picture-start.js';
import { holdSpliceInfo, shiftSpliceTimes } from '../psi/splice-info.js';
import { readPcr, readTimestamp, writeTimestamp } from '../packet/timestamp.js';
import { kindOfUnit, type TrackKind } from '../psi/track.js';

const NOTHING = new Uint8Array(0);

/** Its fields are the message, packet and unit at hand: nothing is allocated for a packet, or handed on. */
export class PacketPath {
  readonly #output: ProgramOutput;
  readonly #timeouts: AccessTimeouts;
  readonly #planner: Planner;
  readonly #buffer: OutputBuffer;
  readonly #clock: ProgramClock;
  readonly #counters: RemuxCounters;
  readonly #header = new Uint8Array(PES_STAMPED_BYTES);

  // The message:
  #feed!: RemuxFeed; // set by push
  #data: Uint8Array = NOTHING;
  #nowMs = NaN;

  // The packet:
  #at = 0;
  #pid = 0;
  #flags = 0; // of its adaptation field
  #payload = 0; // where that begins in #data
  #track!: RemuxTrack; // set by #processPacket
  #lost = 0; // packets of the track that are missing before it

  // The unit, which may have begun in an earlier packet:
  #unitFlags = 0; // those of its first packet; RANDOM_ACCESS also where the encoder did not set it
  readonly #times: UnitTimes = { pts: NaN, dts: NaN, pcr: NaN };

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
    this.#feed = feed;
    this.#data = data;
    this.#nowMs = nowMs;
    for (let at = 0; at + PACKET_BYTES <= data.length;) {
      const next = this.#output.areTablesDue(nowMs) ? at : forwardPayloadRun(feed, this.#buffer, data, at);
      if (next === at) {
        this.#at = at;
        this.#processPacket();
      } else {
        this.#counters.received += (next - at) / PACKET_BYTES;
        this.#counters.sent += (next - at) / PACKET_BYTES;
      }
      at = next === at ? at + PACKET_BYTES : next;
    }
    this.#data = NOTHING; // it is lent
  }

  #processPacket(): void {
    this.#counters.received++;
    if (!this.#readHeader()) return this.#dropNext();
    const slot = this.#feed.slots[this.#pid]!;
    if (slot < FIRST_TRACK) return this.#processOther(slot);
    const control = this.#data[this.#at + 3]!;
    if ((control & 0xc0) !== 0) return this.#dropNext(); // transport_scrambling_control: the stamps cannot be read
    const track = this.#feed.tracks[slot - FIRST_TRACK]!;
    this.#track = track;
    this.#lost = 0;
    if ((control & 0x10) !== 0) {
      const missing = track.follow(this.#data, this.#at);
      if (missing === DUPLICATE) {
        this.#counters.duplicates++;
        this.#buffer.skip();
        return;
      }
      if ((this.#flags & DISCONTINUITY) === 0) this.#lost = missing;
      if (track.out) this.#counters.lost += this.#lost;
      if (track.held || startsUnit(this.#data, this.#at)) return this.#processUnit();
    }
    if (!track.open) return this.#omit();
    if (this.#output.areTablesDue(this.#nowMs)) this.#output.insertTables(this.#nowMs);
    if ((this.#flags & HAS_PCR) !== 0) {
      this.#output.prepareOwnPcr(this.#feed, track, this.#pcrIn(this.#data, this.#at), this.#nowMs);
    }
    this.#sendNext();
  }

  /** Reads PID, adaptation field flags and where the payload begins; false: they contradict the standard, or are damaged. */
  #readHeader(): boolean {
    const data = this.#data;
    const at = this.#at;
    const control = data[at + 3]!;
    this.#pid = readPid(data, at);
    this.#flags = 0;
    this.#payload = at + 4;
    if (data[at] !== SYNC || (data[at + 1]! & 0x80) !== 0) return false; // transport_error_indicator
    if ((control & 0x30) === 0x10) return true;
    const length = data[at + 4]!; // adaptation_field_length
    if (length > 0) this.#flags = data[at + 5]!;
    this.#payload = (control & 0x10) !== 0 ? at + 5 + length : at + PACKET_BYTES;
    if ((control & 0x20) === 0 || length > 183 || this.#payload > at + PACKET_BYTES) return false;
    return (this.#flags & HAS_PCR) === 0 || length >= 7;
  }

  /** Processes a packet in which a unit starts, or continues with its beginning still incomplete. */
  #processUnit(): void {
    const track = this.#track;
    const starts = startsUnit(this.#data, this.#at);
    if (starts && this.#feed.isWithoutSound && this.#feed.awaitsNewPmt) {
      track.stop();
      this.#omit();
    } else if (track.track.sections) this.#processSections();
    else if (starts && !(this.#lost === 0 && track.continuesHeldPicture(this.#data, this.#at))) this.#startUnit();
    else if (this.#lost > 0 || track.held!.length >= MAX_HELD_PACKETS * PACKET_BYTES) {
      this.#drop(track.held!.length / PACKET_BYTES + 1);
      track.stop();
      this.#buffer.skip();
    } else this.#hold();
  }

  #processSections(): void {
    const track = this.#track;
    const isReadable = this.#payload + 4 <= this.#at + PACKET_BYTES && !startsPes(this.#data, this.#payload);
    if (startsUnit(this.#data, this.#at)) this.#setKind(isReadable ? track.track.kind : 'unknown');
    if (!track.out) return this.#omit();
    track.open = true;
    if (track.hasSpliceTimes) return this.#splice();
    this.#output.startUnit(track, this.#flags, this.#nowMs);
    this.#sendNext();
  }

  /** Processes a packet of splice_info_sections: sent once complete, because only then their time can be rewritten. */
  #splice(): void {
    this.#buffer.skip();
    const packets = holdSpliceInfo(this.#track, this.#data, this.#at, this.#lost);
    if (!packets) return;
    if (this.#feed.clock) shiftSpliceTimes(packets, this.#feed.clock.offset);
    this.#output.startUnit(this.#track, 0, this.#nowMs);
    this.#sendHeld(packets);
  }

  /** A PES packet starts: it is sent at once if its first packet has all that must be known and rewritten. */
  #startUnit(): void {
    const track = this.#track;
    const data = this.#data;
    const at = this.#at;
    if (track.held) this.#releaseHeld('ended');
    if (track.held) this.#drop(track.held.length / PACKET_BYTES);
    track.held = null;
    const bytes = at + PACKET_BYTES - this.#payload;
    // An access point that the encoder did not mark is found by parsing the start of the picture.
    const isAccess = this.#feed.isAccess(track, data, at, this.#flags);
    const isPlain = isAccess === false || (isAccess === true && this.#feed.setsFor(track) === null);
    if (!isPlain || pesBytesNeeded(data, this.#payload, bytes) > bytes) {
      track.heldLost = this.#lost;
      this.#hold();
      return;
    }
    this.#unitFlags = isAccess ? this.#flags | RANDOM_ACCESS : this.#flags;
    this.#times.pcr = this.#pcrIn(data, at);
    if (!this.#admit(data, this.#payload)) return this.#omit();
    this.#output.startUnit(track, this.#unitFlags, this.#nowMs);
    this.#stamp(this.#buffer.bytes, this.#buffer.nextAt + this.#payload - at);
    this.#sendNext();
  }

  #hold(): void {
    this.#track.held = append(this.#track.held, this.#data, this.#at);
    this.#releaseHeld('growing');
    this.#buffer.skip();
  }

  /**
   * Sends the track's held packets once the header spread over them is complete, and once they show whether a picture is a
   * random access point and which parameter sets it lacks. `ended`: no more of the unit comes.
   */
  #releaseHeld(unit: 'growing' | 'ended'): void {
    const track = this.#track;
    let held = track.held!;
    const taken = held.length / PACKET_BYTES;
    const extent = unit === 'ended' || taken >= MAX_HELD_PACKETS ? 'whole' : 'partial';
    const bytes = gatherHeader(held, this.#header);
    if (pesBytesNeeded(this.#header, 0, bytes) > bytes) return;
    let flags = adaptationFlags(held, 0);
    const isAccess = this.#feed.isAccess(track, held, 0, flags);
    if (isAccess === undefined && extent === 'partial') return;
    if (isAccess === true) {
      flags |= RANDOM_ACCESS;
      const sets = this.#feed.setsFor(track);
      const whole = sets ? withSets(held, track.track.pid, sets, extent) : held;
      if (!whole) return;
      held = whole;
      gatherHeader(held, this.#header); // PES_packet_length may have changed
    }
    track.held = null;
    this.#unitFlags = flags;
    this.#times.pcr = this.#pcrIn(held, 0);
    if (!this.#admit(this.#header, 0)) {
      this.#counters.omitted += taken;
      return;
    }
    this.#counters.sent -= held.length / PACKET_BYTES - taken; // inserted packets were not received
    this.#output.startUnit(track, flags, this.#nowMs);
    this.#stamp(this.#header, 0);
    spreadHeader(this.#header, held);
    this.#sendHeld(held);
  }

  #sendHeld(held: Uint8Array): void {
    const to = this.#buffer.insert(held.length);
    this.#buffer.bytes.set(held, to);
    this.#skipCounters(this.#track.heldLost);
    for (let at = 0; at < held.length; at += PACKET_BYTES) this.#send(to + at, adaptationFlags(held, at));
  }

  /** Decides whether the PES packet whose header is at `at` is sent. The clock samples it anyway. */
  #admit(header: Uint8Array, at: number): boolean {
    const track = this.#track;
    const times = this.#times;
    if (!startsPes(header, at)) {
      this.#drop(1);
      track.open = false;
      return false;
    }
    this.#setKind(kindOfUnit(track.track.kind, header[at + 3]!));
    const stamps = hasPesHeader(header[at + 3]!) ? stampsOf(header, at) : 0;
    if (stamps > 0) {
      times.pts = readTimestamp(header, at + 9);
      times.dts = stamps === 2 ? readTimestamp(header, at + 14) : times.pts;
      this.#clock.observe(this.#feed, track, times, this.#nowMs);
    }
    // Of a picture that is left out more may come: that has no PTS.
    const isStart = stamps > 0 || track.kind !== 'video' || track.clock === null;
    if (!track.open && !(isStart && this.#mayOpen())) return false;
    // The PCR comes before the stamps, because it decides which units are too late.
    const isCarrier = stamps > 0 && !Number.isNaN(times.pcr) && track === this.#output.pcrTrack?.track;
    if (isCarrier) this.#output.preparePcr(this.#nowMs);
    else this.#output.insertDuePcr(this.#feed, this.#nowMs);
    if (stamps > 0) this.#clock.stamp(this.#feed, track, times.pts, this.#nowMs);
    return true;
  }

  /** Sets the track's kind as its units show it: the rule may not include that kind. */
  #setKind(kind: TrackKind): void {
    if (kind === this.#track.kind) return;
    this.#track.kind = kind;
    this.#planner.replan();
  }

  /** Whether the track, which is not being sent, can start with this unit. */
  #mayOpen(): boolean {
    const track = this.#track;
    if (!track.out && !track.replaces) return false;
    if (Number.isNaN(track.waitsSinceMs)) track.waitsSinceMs = this.#nowMs;
    const access = (this.#unitFlags & RANDOM_ACCESS) !== 0;
    if (track.replaces && access) this.#planner.replaceBy(this.#feed.name);
    if (!track.out) return false;
    // Not every encoder marks random access points: after a while any picture will do.
    const waitMs = this.#feed.marksAccess ? this.#timeouts.markedMs : this.#timeouts.unmarkedMs;
    track.open = access || !track.needsAccess || this.#nowMs - track.waitsSinceMs >= waitMs;
    if (track.open) {
      track.waitsSinceMs = NaN;
      track.needsAccess = false;
    }
    return track.open;
  }

  /** Rewrites stamps and stream_id of the PES header at `at`. */
  #stamp(bytes: Uint8Array, at: number): void {
    const track = this.#track;
    const streamId = bytes[at + 3]!;
    const isUsed = (id: number) => this.#output.plan.some((p) => p.track !== track && p.track.out?.streamId === id);
    bytes[at + 3] = track.out!.streamIdFor(streamId, isUsed); // admitted tracks have one
    const stamps = hasPesHeader(streamId) ? stampsOf(bytes, at) : 0;
    if (stamps === 0) return;
    writeTimestamp(bytes, at + 9, this.#clock.pts);
    if (stamps === 2) writeTimestamp(bytes, at + 14, this.#clock.dts);
  }

  /** Sends the message's next packet. */
  #sendNext(): void {
    this.#skipCounters(this.#lost);
    this.#send(this.#buffer.keep(), this.#flags);
  }

  /** Leaves out as many continuity_counters as packets were lost: readers notice that, too. */
  #skipCounters(lost: number): void {
    const out = this.#track.out!; // only planned tracks are sent
    out.counter = (out.counter + lost) & 0x0f;
  }

  /** Rewrites the header of a packet that is sent, at `to` in the buffer. */
  #send(to: number, flags: number): void {
    const { bytes } = this.#buffer;
    const out = this.#track.out!; // only planned tracks are sent
    const control = bytes[to + 3]!;
    if ((control & 0x10) !== 0) out.counter = (out.counter + 1) & 0x0f;
    bytes[to + 1] = (bytes[to + 1]! & 0xe0) | (out.pid >> 8);
    bytes[to + 2] = out.pid & 0xff;
    bytes[to + 3] = (control & 0xf0) | out.counter;
    this.#counters.sent++;
    if ((flags & (DISCONTINUITY | HAS_PCR | HAS_PRIVATE_DATA)) === 0) return;
    if ((flags & HAS_PRIVATE_DATA) !== 0 && this.#feed.isWithoutSound) removePrivateData(bytes, to);
    bytes[to + 5] = bytes[to + 5]! & ~DISCONTINUITY; // the output's time and counters simply go on
    if ((flags & HAS_PCR) !== 0) this.#output.movePcr(this.#feed, this.#track, to, this.#nowMs);
  }

  /** Processes a packet of a PID that is not a track; `slot` is the PID's use. */
  #processOther(slot: number): void {
    if (slot === CLOCK) return this.#omit();
    this.#buffer.skip();
    if (this.#pid === NULL_PID) this.#counters.nulls++;
    else if (slot !== TABLE) this.#counters.unknown++;
    else this.#readTable();
  }

  #readTable(): void {
    const { reader } = this.#feed;
    this.#counters.tables++;
    if (reader.push(this.#data, this.#at) && reader.program) {
      this.#feed.adopt(reader.program);
      this.#planner.replan();
    }
    if (this.#pid === PAT_PID) this.#feed.expectPmt();
  }

  /** Omits the message's next packet, except for its PCR, which is sent in a packet without payload. */
  #omit(): void {
    this.#counters.omitted++;
    if ((this.#flags & HAS_PCR) !== 0) {
      this.#output.passPcr(this.#feed, this.#pcrIn(this.#data, this.#at), this.#nowMs);
    }
    this.#buffer.skip();
  }

  #dropNext(): void {
    this.#drop(1);
    this.#buffer.skip();
  }

  /** Counts packets that are dropped because they violate the standard or cannot be parsed. */
  #drop(packets: number): void {
    this.#counters.damaged += packets;
    this.#feed.dropped += packets;
  }

  /** The feed's PCR in the packet of the PID at hand at `at`; NaN if it has none. */
  #pcrIn(packets: Uint8Array, at: number): number {
    const hasPcr = this.#pid === this.#feed.pcrPid && (adaptationFlags(packets, at) & HAS_PCR) !== 0;
    return hasPcr ? readPcr(packets, at) : NaN;
  }
}
