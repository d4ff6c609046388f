// Inspects every packet of one source once, for all consumers: tables, counters, random access points.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.3, §2.4.3.4, §2.4.4.

import { codecOf } from '../codecs/lookup.js';
import type { PictureSyntax } from '../codecs/picture-syntax.js';
import { AccessPointSearch, NO_ACCESS } from '../pictures/access-point-search.js';
import type { ProgramFacts } from '../splice/splicer.js';
import { MediaProbe } from './media-probe.js';
import { signalledMute } from '../mute/mute-descriptor.js';
import {
  DISCONTINUITY,
  NULL_PID,
  PACKET_BYTES,
  PAT_PID,
  PID_COUNT,
  RANDOM_ACCESS,
  startsUnit,
} from '../packet/packet.js';
import type { ParameterSets } from '../pictures/parameter-sets.js';
import { type Program, ProgramReader } from '../psi/program.js';
import { packetize } from '../psi/table-packets.js';
import type { Track } from '../psi/track.js';
import type { TrackMedia } from './track-media.js';

// The role of a PID.
const PLAIN = 0;
const TABLE = 1;
// A track whose units are inspected. Bits; they can be combined.
const WATCHED = 2;
const JOINABLE = 4; // the track whose random access points are used
const NEXT_PACKET_NEEDED = 8; // for now, the packets after this unit's first are inspected too
const NOT_SEEN = 0xff;

const STARTS_UNIT = 0x40; // payload_unit_start_indicator in a packet's second byte

/** Inspects one source, message by message. */
export class Inspector implements ProgramFacts {
  packets = 0;
  nullPackets = 0;
  /** Packets whose continuity_counter was not the next one, without a discontinuity_indicator (§2.4.3.3). */
  continuityErrors = 0;
  /** Packets with transport_error_indicator. */
  transportErrors = 0;
  /** Random access points of the video track, or of the audio track where there is no video. */
  randomAccessPoints = 0;

  readonly #reader = new ProgramReader();
  readonly #roles = new Uint8Array(PID_COUNT);
  readonly #counters = new Uint8Array(PID_COUNT).fill(NOT_SEEN);
  readonly #watch = new MediaProbe();
  readonly #access = new AccessPointSearch((bytes, from, end) => this.#watch.readPicture(bytes, from, end));
  #picturePid = -1; // the video track whose random access points are used
  #syntax: PictureSyntax | null = null; // of its pictures
  #anyJoinable = true; // no PAT has come, so tracks are unknown; or a program without video and audio
  #tablePids: readonly number[] = [];
  #accessPointOffset = NO_ACCESS; // in the current message
  #key: Track | null = null;
  #pids: readonly number[] = [];
  #sawAccessPoint = false;

  constructor() {
    this.#setRoles();
  }

  /** The program as its tables last described it. */
  get program(): Program | null {
    return this.#reader.program;
  }

  /** The PMT's PID; -1 until a PAT came. */
  get pmtPid(): number {
    return this.#reader.pmtPid;
  }

  /** How many programs the PAT lists; {@link program} is one of them. */
  get programCount(): number {
    return this.#reader.programCount;
  }

  get keyPid(): number {
    return this.#key?.pid ?? -1;
  }

  get isKeyMuted(): boolean {
    return this.#key?.kind === 'audio' && signalledMute(this.program) !== null;
  }

  get pids(): readonly number[] {
    return this.#pids;
  }

  get marksAccess(): boolean {
    return this.#sawAccessPoint;
  }

  get hasStamps(): boolean {
    return this.#access.hasStamps;
  }

  get awaitsTables(): boolean {
    return this.#reader.pmtPid !== -1 && this.program === null;
  }

  get opening(): Uint8Array | null {
    return this.#access.opening;
  }

  get undecidedAt(): number {
    return this.#access.waitingFrom;
  }

  get parameterSets(): ParameterSets {
    return this.#access.sets;
  }

  /**
   * Information about each track, in the order of the PMT: size and rates, read from the media at random access points and
   * for audio now and then. A new list with each call.
   */
  get media(): readonly TrackMedia[] {
    return this.#watch.media;
  }

  /** Incremented when tracks or their information change, except for a frame rate measured by time stamps. */
  get mediaVersion(): number {
    return this.#watch.version;
  }

  /** PTS interval between the last two random access points of the video track, ms; null: unknown, or no video. */
  get gopMs(): number | null {
    return this.#watch.gopMs;
  }

  /**
   * PAT and the followed program's PMT in packets, for readers that start; `null` until they came. Their counters are the
   * last received on their PIDs, so that the next packets continue them.
   */
  get tables(): Uint8Array | null {
    const { patSections, pmtSection, program } = this.#reader;
    if (!pmtSection || !program) return null;
    const pat = packetize(patSections, PAT_PID, this.#counters[PAT_PID]!);
    const pmt = packetize([pmtSection], program.pmtPid, this.#counters[program.pmtPid]!);
    const both = new Uint8Array(pat.length + pmt.length);
    both.set(pat);
    both.set(pmt, pat.length);
    return both;
  }

  /** Number of units received of all tracks of a kind; null: none is listed, or they cannot be counted. */
  unitsOf(kind: 'video' | 'audio'): number | null {
    return this.#watch.unitsOf(kind);
  }

  /** stream_id of the current PES packet on this PID; -1: unknown. */
  streamIdOf(pid: number): number {
    return this.#watch.streamIdOf(pid);
  }

  /** Number of damaged table sections. */
  get badSections(): number {
    return this.#reader.badSections;
  }

  /** Starts with another source, whose counters and tables are unrelated to the previous ones. */
  restart(): void {
    this.#counters.fill(NOT_SEEN);
    this.#reader.reset();
    this.#sawAccessPoint = false;
    this.#watch.reset();
    this.#access.reset(null);
    this.#picturePid = -1;
    this.#setRoles();
  }

  /**
   * Inspects the whole packets of one message; returns the offset of the first random access point, or -1. It is 0 for one
   * that started in an earlier message and is recognised only now: then {@link opening} is set.
   */
  inspect(data: Uint8Array): number {
    const counters = this.#counters;
    const roles = this.#roles;
    this.#accessPointOffset = NO_ACCESS;
    this.#access.nextMessage();
    for (let at = 0; at < data.length; at += PACKET_BYTES) {
      const second = data[at + 1]!;
      const fourth = data[at + 3]!;
      const pid = ((second & 0x1f) << 8) | data[at + 2]!;
      if (pid === NULL_PID) {
        this.nullPackets++;
        continue;
      }
      if (second & 0x80) this.transportErrors++;
      const flags = fourth & 0x20 && data[at + 4]! > 0 ? data[at + 5]! : 0;
      const last = counters[pid]!;
      // A packet without payload repeats the counter; one with payload increments it, or is a duplicate.
      if (last !== NOT_SEEN && !(flags & DISCONTINUITY)) {
        const counter = fourth & 0x0f;
        if (counter !== last && (!(fourth & 0x10) || counter !== ((last + 1) & 0x0f))) this.continuityErrors++;
      }
      counters[pid] = fourth & 0x0f;
      const role = roles[pid]!;
      if (role === PLAIN) {
        if (this.#anyJoinable && (flags & RANDOM_ACCESS) !== 0) this.#found(at);
      } else if (role === TABLE) {
        if (this.#reader.push(data, at) || this.#reader.tablePids !== this.#tablePids) this.#setRoles();
      } else if ((second & STARTS_UNIT) | (flags & RANDOM_ACCESS) | (role & NEXT_PACKET_NEEDED)) {
        if (pid === this.#picturePid) this.#readPicture(data, at, flags);
        else this.#readPacket(data, at, pid, flags);
      }
      if (role === TABLE || (roles[pid]! & NEXT_PACKET_NEEDED) !== 0) continue;
      at = endOfRun(data, at);
      counters[pid] = data[at + 3]! & 0x0f;
    }
    this.packets += data.length / PACKET_BYTES;
    return this.#accessPointOffset;
  }

  /** Inspects the packet at `at` of the followed video track, in which a unit starts or that is needed otherwise. */
  #readPicture(data: Uint8Array, at: number, flags: number): void {
    const access = this.#access;
    let found: number;
    const isPart = startsUnit(data, at) && access.isPart(data, at);
    if (startsUnit(data, at) && !isPart) {
      this.#foundLate(access.endUnit());
      found = access.startUnit(data, at, flags);
      const start = found !== NO_ACCESS ? 'access' : access.isWaiting ? 'undecided' : 'other';
      this.#watch.startPicture(data, at, start, this.continuityErrors);
    } else {
      if (this.#watch.isCounting) this.#watch.count(data, at);
      const late = access.needsContinuation ? access.continueUnit(data, at, flags) : NO_ACCESS;
      this.#foundLate(late);
      const isMarked = (flags & RANDOM_ACCESS) !== 0;
      found = isMarked && !isPart && late === NO_ACCESS && !access.isWaiting ? at : NO_ACCESS;
    }
    if (found !== NO_ACCESS) this.#found(found);
    const plain = WATCHED | JOINABLE;
    const isBusy = access.needsContinuation || this.#watch.isCounting;
    const isWanted = isBusy || (!access.isReading && this.#watch.readPacket(data, at, this.#picturePid, flags));
    this.#roles[this.#picturePid] = isWanted ? plain | NEXT_PACKET_NEEDED : plain;
  }

  /** Records that the unit before the current packet is a random access point, unless `at` is {@link NO_ACCESS}. */
  #foundLate(at: number): void {
    if (at === NO_ACCESS) return;
    this.#watch.pictureIsAccess(this.continuityErrors);
    this.#found(at);
  }

  #found(at: number): void {
    this.randomAccessPoints++;
    this.#sawAccessPoint = true;
    if (this.#accessPointOffset === NO_ACCESS) this.#accessPointOffset = at;
  }

  /** Inspects the packet at `at` of another followed track. */
  #readPacket(data: Uint8Array, at: number, pid: number, flags: number): void {
    const isMarked = (flags & RANDOM_ACCESS) !== 0;
    const role = this.#roles[pid]!;
    const starts = startsUnit(data, at);
    // In audio every PES packet is a random access point.
    const isJoinable = (role & JOINABLE) !== 0;
    if ((isJoinable && (isMarked || starts)) || (isMarked && this.#anyJoinable)) this.#found(at);
    if ((role & NEXT_PACKET_NEEDED) === 0 && !starts) return;
    const isWanted = this.#watch.readPacket(data, at, pid, flags);
    this.#roles[pid] = isWanted ? role | NEXT_PACKET_NEEDED : role & ~NEXT_PACKET_NEEDED;
  }

  #setRoles(): void {
    const roles = this.#roles.fill(PLAIN);
    this.#tablePids = this.#reader.tablePids;
    for (const pid of this.#tablePids) roles[pid] = TABLE;
    const tracks = this.program?.tracks ?? [];
    const ofKind = (wanted: string) => tracks.find(({ kind }) => kind === wanted);
    const before = this.#key;
    const key = (this.#key = ofKind('video') ?? ofKind('audio') ?? null);
    // No start between a PAT and its PMT: the reader would be without tables.
    this.#anyJoinable = key === null && (tracks.length > 0 || (this.program === null && this.pmtPid === -1));
    this.#pids = tracks.map(({ pid }) => pid);
    this.#watch.setTracks(tracks, key, this.program?.descriptors);
    const picture = key?.kind === 'video' && roles[key.pid] !== TABLE ? key : null;
    const syntax = (picture && codecOf(picture, this.program?.descriptors)?.pictures) ?? null;
    if (picture?.pid !== this.#picturePid || picture.streamType !== before?.streamType || syntax !== this.#syntax) {
      this.#access.reset(syntax);
      this.#syntax = syntax;
      this.#picturePid = picture?.pid ?? -1;
    }
    // A table's PID that a PMT lists as a track remains a table.
    for (const pid of this.#watch.pids) roles[pid] ||= WATCHED;
    if (!key || roles[key.pid] === TABLE) return;
    roles[key.pid] = WATCHED | JOINABLE | (picture && this.#access.needsContinuation ? NEXT_PACKET_NEEDED : 0);
  }
}

/**
 * The last of the packets after the one at `at` that continue its unit and carry only payload: most packets do, and they
 * need no inspection. `at` itself if there is none.
 */
function endOfRun(data: Uint8Array, at: number): number {
  const [high, low] = [data[at + 1]! & 0x1f, data[at + 2]!];
  let counter = data[at + 3]! & 0x0f;
  for (let next = at + PACKET_BYTES; next < data.length; next += PACKET_BYTES) {
    counter = (counter + 1) & 0x0f;
    // The same PID, no error, no start of a unit; no adaptation field.
    if ((data[next + 1]! & 0xdf) !== high || data[next + 2] !== low) break;
    if ((data[next + 3]! & 0x3f) !== (0x10 | counter)) break;
    at = next;
  }
  return at;
}
