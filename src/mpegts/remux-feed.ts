// One input of a program: what its tables say, and where in its tracks it is.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.3, §2.4.4.

import { startsAccessPoint } from './access-point.js';
import type { FeedClock } from './feed-clock.js';
import type { ProgramFacts } from './handover.js';
import type { OutputTrack } from './output-track.js';
import type { ParameterSets } from './parameter-sets.js';
import { NULL_PID, PACKET_BYTES, PAT_PID, PID_COUNT, RANDOM_ACCESS } from './packet.js';
import { isInNalUnits, MOST_HEAD_BYTES, syntaxOf } from './picture-head.js';
import { isPart, isStamped } from './picture-part.js';
import { ProgramReader, type Program } from './program.js';
import { type ClockedFeed, type ClockedTrack, isMedia } from './clocked-feed.js';
import type { FirstSample, StartHold } from './start-hold.js';
import { ZERO } from './timestamp.js';
import { soundHeldMs, type Track, type TrackKind } from './track.js';

/** What a PID of the input is: the values of `RemuxFeed.slots` below `FIRST_TRACK`. */
export const UNKNOWN = 0;
export const TABLE = 1;
/** The PCR_PID, where no track is on it. */
export const CLOCK = 2;
export const FIRST_TRACK = 3;
/** What fits into a slot's byte. */
const MOST_TRACKS = 250;
/** Packets of a unit that are held at most: more than a PES header, or what a picture begins with, can be spread over. */
export const MOST_HELD = Math.ceil(MOST_HEAD_BYTES / (PACKET_BYTES - 4)) + 4;
/** PIDs below are the standard's own (table 2-3), so no track can be there. */
const FIRST_FREE_PID = 0x10;

/** An elementary stream of the input. */
export class RemuxTrack implements ClockedTrack {
  track: Track;
  kind: TrackKind;
  readonly heldMs: number;
  /** Where it goes; `null` while it is not part of the output's program. */
  out: OutputTrack | null = null;
  /** Whether it waits for a random access point to take the place of another feed's track. */
  replaces = false;
  /** Whether its units are being sent; otherwise it waits for the next one to start. */
  open = false;
  /** Whether its source marks random access points. */
  marksAccess = false;
  /** Whether the one it waits for has to be a random access point, and since when. */
  needsAccess = false;
  waitsSinceMs = NaN;
  /** The input's last continuity_counter; -1 if unknown. And its packet, to know a duplicate by. */
  counter = -1;
  lastData: Uint8Array | null = null;
  lastAt = 0;
  #last: Uint8Array | null = null;
  /** Packets held back because a PES header's timestamps are spread over them, and lost ones before them. */
  held: Uint8Array | null = null;
  heldLost = 0;

  clock: FeedClock | null = null;
  dts = NaN;
  dtsAtMs = NaN;
  unitTicks = ZERO;
  lead = ZERO;
  isPart = false;

  constructor(track: Track) {
    this.track = track;
    this.kind = track.kind;
    this.heldMs = soundHeldMs(track.streamType);
  }

  /** Packets were sent, the last one being at `at` of `data`: `counter` as it came, `outCounter` as it went. */
  goOn(counter: number, outCounter: number, data: Uint8Array, at: number): void {
    this.counter = counter;
    this.out!.counter = outCounter; // they were sent
    this.lastData = data;
    this.lastAt = at;
  }

  /** A message is over: `data` is its sender's again, so the last packet of it is copied. */
  keepLast(data: Uint8Array): void {
    if (this.lastData !== data) return;
    this.#last ??= new Uint8Array(PACKET_BYTES);
    this.#last.set(data.subarray(this.lastAt, this.lastAt + PACKET_BYTES));
    this.lastData = this.#last;
    this.lastAt = 0;
  }

  /** Another source begins: what came before does not go on. */
  begin(): void {
    this.stop();
    this.counter = -1;
    this.lastData = null;
    this.clock = null;
    this.needsAccess = this.kind === 'video';
    this.marksAccess = false;
  }

  /** Whether the PES packet that begins in the packet at `at` is more of the picture that is held. */
  holdsPictureOf(data: Uint8Array, at: number): boolean {
    return this.held !== null && this.kind === 'video' && isPart(this.held, 0, data, at);
  }

  /** The unit being sent is not continued. */
  stop(): void {
    this.open = false;
    this.held = null;
    this.waitsSinceMs = NaN;
  }
}

export class RemuxFeed implements ClockedFeed {
  readonly name: string;
  readonly reader = new ProgramReader();
  /** What each PID is: UNKNOWN, TABLE, CLOCK, or FIRST_TRACK and an index of `tracks`. */
  readonly slots = new Uint8Array(PID_COUNT);
  tracks: RemuxTrack[] = [];
  program: Program | null = null;
  /** What was known of its program before it was an input; `null`: nothing. */
  facts: ProgramFacts | null = null;
  /** Whether {@link facts} say that no unit of their key track in the message at hand is a random access point. */
  isWithoutAccess = false;
  /** PCR_PID of the input; NULL_PID if there is none. */
  pcrPid = NULL_PID;

  clock: FeedClock | null = null;
  trim = 0;
  /** Whether no sound of it is wanted: then nothing leaves that may be sound. */
  isWithoutSound = false;
  /** Whether its PAT names another PMT, which has not come: it is unknown what its PIDs carry now. */
  awaitsPmt = false;
  pastOutput = -Infinity;
  ahead = ZERO;
  earlyPcr = NaN;
  lateUnits = 0;
  /** Packets left out because they contradict the standard or are scrambled. */
  dropped = 0;
  /** Tracks of it for which the PMT has no room, now. */
  tracksLeftOut = 0;
  /** Where its first units wait, while they do. */
  hold: StartHold | null = null;
  firstSample: FirstSample | null = null;

  constructor(name: string) {
    this.name = name;
    this.slots[PAT_PID] = TABLE;
  }

  get promisesPcr(): boolean {
    return this.pcrPid !== NULL_PID;
  }

  get mediaCount(): number {
    return this.tracks.filter(isMedia).length;
  }

  /** Whether its PMT lists a picture or sound. */
  get hasMedia(): boolean {
    return this.tracks.some(({ kind }) => kind !== 'other');
  }

  get hasPictures(): boolean {
    return this.tracks.some(({ kind }) => kind === 'video');
  }

  /** Another source begins. Its tables are not known yet; the tracks stay, for they are most likely the same. */
  begin(): void {
    this.reader.reset();
    this.hold = null;
    this.firstSample = null;
    this.earlyPcr = NaN;
    this.awaitsPmt = false;
    this.slots.fill(UNKNOWN);
    this.slots[PAT_PID] = TABLE;
    for (const track of this.tracks) track.begin();
  }

  /** Whether random access points of its picture are known to come. */
  get marksAccess(): boolean {
    return this.facts?.marksAccess === true || this.tracks.some(({ marksAccess }) => marksAccess);
  }

  /** The parameter sets that a picture may lack with which a track begins to be sent; `null`: it begins with none, or lacks none. */
  setsFor({ open, out, replaces, track }: RemuxTrack): ParameterSets | null {
    const { facts } = this;
    if (open || (out === null && !replaces) || facts?.keyPid !== track.pid) return null;
    const sets = facts.parameterSets ?? null;
    return sets?.isEmpty === false ? sets : null;
  }

  /** Whether the unit that begins in the packet at `at` is a random access point; `undefined`: `data` does not tell yet. */
  isAccess(track: RemuxTrack, data: Uint8Array, at: number, flags: number): boolean | undefined {
    if (track.kind !== 'video') return false;
    const isMarked = (flags & RANDOM_ACCESS) !== 0;
    if (!isMarked && this.isWithoutAccess && this.facts?.keyPid === track.track.pid) return false;
    // Where all pictures have a PTS, what has none is more of the one before.
    const isMore = track.clock !== null && isInNalUnits(syntaxOf(track.track.streamType)) && !isStamped(data, at);
    if (isMore) return false;
    const knowsHeader = this.facts?.parameterSets?.isEmpty === false;
    const isAccess = isMarked || startsAccessPoint(track.track.streamType, data, at, knowsHeader);
    track.marksAccess ||= isAccess === true;
    return isAccess;
  }

  /** The source is gone. */
  leave(): void {
    this.begin();
    this.facts = null;
    this.program = null;
    this.pcrPid = NULL_PID;
  }

  /** Reads tables before the packets beside them are looked at. The offset behind the last that says something new, or -1. */
  prime(packets: Uint8Array): number {
    let behind = 0;
    for (let at = 0; at + PACKET_BYTES <= packets.length; at += PACKET_BYTES) {
      if (this.reader.push(packets, at)) behind = at + PACKET_BYTES;
    }
    const { program } = this.reader;
    if (!program || program === this.program) return -1;
    this.adopt(program);
    return behind;
  }

  /** Follows the input's tables: tracks that are the same go on, undisturbed. */
  adopt(program: Program): void {
    const before = this.tracks;
    this.program = program;
    this.awaitsPmt = false;
    this.pcrPid = program.pcrPid;
    this.tracks = [];
    this.slots.fill(UNKNOWN);
    for (const track of program.tracks) {
      if (track.pid < FIRST_FREE_PID || track.pid === NULL_PID || track.pid === program.pmtPid) continue;
      if (this.slots[track.pid] !== UNKNOWN || this.tracks.length >= MOST_TRACKS) continue;
      const known = before.find((t) => t.track.pid === track.pid && t.track.streamType === track.streamType);
      const here = known ?? new RemuxTrack(track);
      if (here.track.kind !== track.kind) here.kind = track.kind; // another descriptor: what its units showed is over
      here.track = track;
      this.slots[track.pid] = FIRST_TRACK + this.tracks.length;
      this.tracks.push(here);
    }
    if (this.slots[program.pcrPid] === UNKNOWN && program.pcrPid !== NULL_PID) this.slots[program.pcrPid] = CLOCK;
    this.slots[PAT_PID] = this.slots[program.pmtPid] = TABLE;
  }

  /** Follows a new PAT, whose PMT is still to come: the PIDs that it may come on are tables'. */
  expectPmt(): void {
    for (const pid of this.reader.tablePids) this.slots[pid] = TABLE;
    this.awaitsPmt = this.program !== null && this.reader.pmtPid !== this.program.pmtPid;
    if (!this.awaitsPmt || !this.isWithoutSound) return;
    for (const track of this.tracks) {
      track.stop();
      track.needsAccess = track.kind === 'video';
    }
  }
}
