// Looks at every packet of one source once, so that nobody behind it has to: tables, counters, random access points.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.3, §2.4.3.4, §2.4.4.

import { startsAccessPoint } from './access-point.js';
import type { ProgramFacts } from './handover.js';
import { MediaWatch } from './media-watch.js';
import { DISCONTINUITY, NULL_PID, PACKET_BYTES, PID_COUNT, RANDOM_ACCESS, readPid, startsUnit } from './packet.js';
import { type Program, ProgramReader } from './program.js';
import { TablePackets } from './table-packets.js';
import type { Track } from './track.js';
import type { TrackMedia } from './track-media.js';

// What the inspector knows of a PID.
const PLAIN = 0;
const TABLE = 1;
// Of a track whose units are looked at; bits that go together.
const WATCHED = 2;
const JOINABLE = 4; // of the track whose random access points count
const WANTED = 8; // the packets after this unit's first are looked at too, for now
const NOT_SEEN = 0xff;

const STARTS_UNIT = 0x40; // payload_unit_start_indicator in a packet's second byte

const PAT_TABLE_ID = 0x00;
const PMT_TABLE_ID = 0x02;

/** Follows one source through its messages. */
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
  readonly #pat = new TablePackets(PAT_TABLE_ID);
  readonly #pmt = new TablePackets(PMT_TABLE_ID);
  readonly #watch = new MediaWatch();
  #anyJoinable = true; // until a PMT says which track counts
  #key: Track | null = null;
  #pids: readonly number[] = [];
  #marksAccess = false;

  constructor() {
    this.#roles[0] = TABLE; // the PAT
  }

  /** The program as its tables last described it. */
  get program(): Program | null {
    return this.#reader.program;
  }

  /** The PMT's PID; -1 until a PAT came. */
  get pmtPid(): number {
    return this.#reader.pmtPid;
  }

  get keyPid(): number {
    return this.#key?.pid ?? -1;
  }

  get pids(): readonly number[] {
    return this.#pids;
  }

  get marksAccess(): boolean {
    return this.#marksAccess;
  }

  /**
   * What is known of each track, as the PMT lists them: size and rates as the media tells them at random access points, and
   * sound now and then. Made anew with each call.
   */
  get media(): readonly TrackMedia[] {
    return this.#watch.media;
  }

  /** Goes up when tracks or what is known of them changed, but for a frame rate that only time stamps tell. */
  get mediaVersion(): number {
    return this.#watch.version;
  }

  /** From the last but one random access point of the video track to the last, by PTS, ms; null: not known, or no video. */
  get gopMs(): number | null {
    return this.#watch.gopMs;
  }

  /**
   * PAT and PMT in the packets in which they were last sent, for whoever joins; `null` until both were. Their counters end
   * where those of their PIDs are: what comes next on them goes on.
   */
  get tables(): Uint8Array | null {
    const pat = this.#pat.packets;
    const pmt = this.#pmt.packets;
    if (!pat || !pmt) return null;
    const both = new Uint8Array(pat.length + pmt.length);
    both.set(pat);
    both.set(pmt, pat.length);
    this.#endAtLast(both, 0, pat.length);
    this.#endAtLast(both, pat.length, both.length);
    return both;
  }

  /** stream_id of the PES packet that is being sent on this PID; -1: not known. */
  streamIdOf(pid: number): number {
    return this.#watch.streamIdOf(pid);
  }

  /** Tables that were damaged. */
  get badSections(): number {
    return this.#reader.badSections;
  }

  /** Another source begins: its counters and tables have nothing to do with those before. */
  restart(): void {
    this.#counters.fill(NOT_SEEN);
    this.#reader.reset();
    this.#pat.reset();
    this.#pmt.reset();
    this.#marksAccess = false;
    this.#watch.reset();
    this.#setRoles();
  }

  /** Looks at the whole packets of one message; returns the offset of the first random access point, or -1. */
  inspect(data: Uint8Array): number {
    const counters = this.#counters;
    const roles = this.#roles;
    let joinAt = -1;
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
      // A packet without payload repeats the counter; with payload it counts up, or is a duplicate.
      if (last !== NOT_SEEN && !(flags & DISCONTINUITY)) {
        const counter = fourth & 0x0f;
        if (counter !== last && (!(fourth & 0x10) || counter !== ((last + 1) & 0x0f))) this.continuityErrors++;
      }
      counters[pid] = fourth & 0x0f;
      const role = roles[pid]!;
      let isAccess = false;
      if (role === PLAIN) {
        isAccess = this.#anyJoinable && (flags & RANDOM_ACCESS) !== 0;
      } else if (role === TABLE) {
        const { badSections, pmtPid } = this.#reader;
        if (this.#reader.push(data, at) || roles[this.#pmtIndex()] !== TABLE) this.#setRoles();
        if (this.#reader.pmtPid !== pmtPid) this.#pmt.reset();
        if (this.#reader.badSections === badSections) (pid === 0 ? this.#pat : this.#pmt).push(data, at);
      } else if ((second & STARTS_UNIT) | (flags & RANDOM_ACCESS) | (role & WANTED)) {
        isAccess = this.#look(data, at, pid, flags) || (this.#anyJoinable && (flags & RANDOM_ACCESS) !== 0);
      }
      if (isAccess) {
        this.randomAccessPoints++;
        this.#marksAccess = true;
        if (joinAt === -1) joinAt = at;
      }
    }
    this.packets += data.length / PACKET_BYTES;
    return joinAt;
  }

  /**
   * Looks at the packet at `at` of a watched track, with which a unit begins or that is wanted for another reason; whether it
   * is a random access point of the track that counts.
   */
  #look(data: Uint8Array, at: number, pid: number, flags: number): boolean {
    const role = this.#roles[pid]!;
    const isMarked = (flags & RANDOM_ACCESS) !== 0;
    const isAccess = (role & JOINABLE) !== 0 && (isMarked || this.#isAccess(data, at));
    if (role & WANTED || startsUnit(data, at)) {
      const isWanted = this.#watch.look(data, at, pid, isMarked, isAccess, this.continuityErrors);
      this.#roles[pid] = isWanted ? role | WANTED : role & ~WANTED;
    }
    return isAccess;
  }

  /** Whether the packet at `at`, of the track that counts, is a random access point though it is not marked as one. */
  #isAccess(data: Uint8Array, at: number): boolean {
    if (!startsUnit(data, at)) return false;
    const { kind, streamType } = this.#key!; // the track that counts
    return kind === 'audio' || startsAccessPoint(streamType, data, at); // sound can be joined at every PES packet
  }

  /** Gives the packets of one PID the counters up to the last that was sent on it. */
  #endAtLast(packets: Uint8Array, from: number, to: number): void {
    let counter = this.#counters[readPid(packets, from)]!;
    for (let at = to - PACKET_BYTES; at >= from; at -= PACKET_BYTES) {
      packets[at + 3] = (packets[at + 3]! & 0xf0) | (counter-- & 0x0f);
    }
  }

  #pmtIndex(): number {
    return Math.max(this.#reader.pmtPid, 0);
  }

  #setRoles(): void {
    const roles = this.#roles.fill(PLAIN);
    roles[0] = TABLE;
    roles[this.#pmtIndex()] = TABLE;
    const tracks = this.program?.tracks ?? [];
    const ofKind = (wanted: string) => tracks.find(({ kind }) => kind === wanted);
    this.#key = ofKind('video') ?? ofKind('audio') ?? null;
    this.#anyJoinable = this.#key === null;
    this.#pids = tracks.map(({ pid }) => pid);
    this.#watch.setTracks(tracks, this.#key);
    // A PMT that names a table's PID does not hide the table.
    for (const pid of this.#watch.pids) roles[pid] ||= WATCHED;
    if (this.#key && roles[this.#key.pid] !== TABLE) roles[this.#key.pid]! |= JOINABLE;
  }
}
