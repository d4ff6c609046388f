// One input of a program: its tables, and the current state of each of its tracks.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.3, §2.4.4.

import { startsAccessPoint } from '../pictures/access-point.js';
import { HELD_MS } from '../codecs/codec.js';
import { codecOf, codecOfType } from '../codecs/lookup.js';
import type { PictureSyntax } from '../codecs/picture-syntax.js';
import type { FeedClock } from '../clock/feed-clock.js';
import type { ProgramFacts } from '../splice/splicer.js';
import type { OutputTrack } from './output-track.js';
import type { ParameterSets } from '../pictures/parameter-sets.js';
import { NULL_PID, PACKET_BYTES, PAT_PID, PID_COUNT, RANDOM_ACCESS, readCounter } from '../packet/packet.js';
import { MAX_HEAD_BYTES } from '../pictures/picture-head.js';
import { isPart, isStamped } from '../pictures/picture-part.js';
import { gatherHeader, isSamePayload } from '../packet/packet-runs.js';
import { ProgramReader, type Program } from '../psi/program.js';
import type { ClockedFeed, ClockedTrack } from '../clock/clocked-feed.js';
import type { FirstSample, StartHold } from '../clock/start-hold.js';
import { reasonToWithhold } from '../mute/sound-classifier.js';
import { ZERO } from '../packet/timestamp.js';
import { isMedia, kindOfUnit, type Track, type TrackKind } from '../psi/track.js';

/** The use of an input PID: values of `RemuxFeed.slots` below `FIRST_TRACK`. */
export const UNKNOWN = 0;
export const TABLE = 1;
/** The PCR_PID, if it is no track's PID. */
export const CLOCK = 2;
export const FIRST_TRACK = 3;
/** Limited by the byte in a slot. */
const MAX_TRACKS = 250;
/** The most packets of a unit that are held: more than a PES header, or the beginning of a picture, can span. */
export const MAX_HELD_PACKETS = Math.ceil(MAX_HEAD_BYTES / (PACKET_BYTES - 4)) + 4;
/** PIDs below this are reserved by the standard (table 2-3), so they carry no tracks. */
const FIRST_FREE_PID = 0x10;
/** Returned by {@link RemuxTrack.follow} for a packet that is the same as the one before (§2.4.3.3). */
export const DUPLICATE = -1;

/** An elementary stream of the input. */
export class RemuxTrack implements ClockedTrack {
  track: Track;
  kind: TrackKind;
  heldMs = HELD_MS;
  /** How its pictures begin; `null`: they cannot be parsed. */
  pictures: PictureSyntax | null = null;
  /** Whether it carries sections with times of the feed. */
  readonly hasSpliceTimes: boolean;
  /** The output track; `null` while it is not part of the output's program. */
  out: OutputTrack | null = null;
  /** Whether it waits for a random access point to replace another feed's track. */
  replaces = false;
  /** Whether its units are being sent; if not, it waits for the start of a unit. */
  open = false;
  /** Whether its source signals random access points. */
  marksAccess = false;
  /** Whether the unit that it waits for must be a random access point, and since when. */
  needsAccess = false;
  waitsSinceMs = NaN;
  /** The input's last continuity_counter; -1 if unknown. With its packet, to recognize duplicates. */
  counter = -1;
  lastData: Uint8Array | null = null;
  lastAt = 0;
  #last: Uint8Array | null = null;
  /**
   * Packets held because the timestamps of a PES header are spread over them, and the number of packets lost before them.
   */
  held: Uint8Array | null = null;
  heldLost = 0;

  clock: FeedClock | null = null;
  dts = NaN;
  dtsAtMs = NaN;
  unitTicks = ZERO;
  lead = ZERO;
  behind = NaN;
  isPart = false;

  constructor(track: Track, programDescriptors: Uint8Array) {
    this.track = track;
    this.kind = track.kind;
    this.hasSpliceTimes = codecOfType(track.streamType)?.hasSpliceTimes ?? false; // the stream_type stays
    this.describe(track, programDescriptors);
  }

  /** Applies a PMT's entry for it. */
  describe(track: Track, programDescriptors: Uint8Array): void {
    if (this.track.kind !== track.kind) this.kind = track.kind; // other descriptors: what its units showed is void
    this.track = track;
    const codec = codecOf(track, programDescriptors);
    this.heldMs = codec?.heldMs ?? HELD_MS;
    this.pictures = codec?.pictures ?? null;
  }

  /**
   * Packets were sent, the last one being at `at` of `data`: `counter` is its input counter, `outCounter` its output
   * counter.
   */
  advance(counter: number, outCounter: number, data: Uint8Array, at: number): void {
    this.counter = counter;
    this.out!.counter = outCounter; // they were sent
    this.lastData = data;
    this.lastAt = at;
  }

  /**
   * Notes the packet at `at`, which has payload, as the input's last. Returns how many are missing before it according to
   * continuity_counter; {@link DUPLICATE}: it is the last one once more.
   */
  follow(data: Uint8Array, at: number): number {
    const counter = readCounter(data, at);
    let missing = 0;
    if (this.counter >= 0 && counter !== ((this.counter + 1) & 0x0f)) {
      const isSame = counter === this.counter && this.lastData !== null;
      if (isSame && isSamePayload(this.lastData!, this.lastAt, data, at)) return DUPLICATE;
      missing = (counter - this.counter - 1) & 0x0f;
    }
    this.counter = counter;
    this.lastData = data;
    this.lastAt = at;
    return missing;
  }

  /** A message ends: the sender will reuse `data`, so its last packet is copied. */
  keepLast(data: Uint8Array): void {
    if (this.lastData !== data) return;
    this.#last ??= new Uint8Array(PACKET_BYTES);
    this.#last.set(data.subarray(this.lastAt, this.lastAt + PACKET_BYTES));
    this.lastData = this.#last;
    this.lastAt = 0;
  }

  /** A new source starts: its packets do not continue the earlier ones. */
  startSource(): void {
    this.stop();
    this.counter = -1;
    this.lastData = null;
    this.clock = null;
    this.needsAccess = this.kind === 'video';
    this.marksAccess = false;
  }

  /** Whether the PES packet that begins in the packet at `at` is more of the picture that is held. */
  continuesHeldPicture(data: Uint8Array, at: number): boolean {
    return this.held !== null && this.kind === 'video' && isPart(this.held, 0, data, at);
  }

  /** Drops a held unit that may be audio: it began before a mute changed, and nothing from before a change is sent. */
  dropHeldSound(): void {
    if (this.held === null || this.track.sections) return;
    const header = new Uint8Array(4); // packet_start_code_prefix and stream_id
    const isRead = gatherHeader(this.held, header) === header.length;
    if (!isRead || reasonToWithhold(this.track, kindOfUnit(this.track.kind, header[3]!)) !== null) this.stop();
  }

  /** The unit being sent is not continued. */
  stop(): void {
    this.open = false;
    this.held = null;
    this.waitsSinceMs = NaN;
  }
}

/** A message of a feed. */
export interface FeedMessage {
  /** Whole packets. */
  readonly data: Uint8Array;
  /** Whether a new source sends it and what follows. */
  readonly startsSource?: boolean;
  /** What was known about the program from before, and is about the message. */
  readonly facts?: ProgramFacts | null;
  /** The message's first random access point according to that; -1: none. */
  readonly accessPointOffset?: number;
}

export class RemuxFeed implements ClockedFeed {
  readonly name: string;
  readonly reader = new ProgramReader();
  /** The use of each PID: UNKNOWN, TABLE, CLOCK, or FIRST_TRACK plus an index of `tracks`. */
  readonly slots = new Uint8Array(PID_COUNT);
  tracks: RemuxTrack[] = [];
  program: Program | null = null;
  /** What was known about its program before it became an input; `null`: nothing. */
  facts: ProgramFacts | null = null;
  /** Whether {@link facts} exclude a random access point in the current message, for the key track. */
  isWithoutAccess = false;
  /** PCR_PID of the input; NULL_PID if there is none. */
  pcrPid = NULL_PID;

  clock: FeedClock | null = null;
  trim = 0;
  /** Whether none of its audio is selected, as before the first rule: then no packet is sent that may be audio. */
  isWithoutSound = true;
  /** Whether its PAT lists another PMT, which has not arrived: the contents of its PIDs are unknown. */
  awaitsNewPmt = false;
  pastOutput = -Infinity;
  decodeAhead = ZERO;
  earlyPcr = NaN;
  lateUnits = 0;
  /** Packets dropped because they violate the standard or are scrambled. */
  dropped = 0;
  /** Its tracks that currently do not fit into the PMT. */
  omittedTracks = 0;
  /** Holds its first units while their age is being determined. */
  startHold: StartHold | null = null;
  firstSample: FirstSample | null = null;

  constructor(name: string) {
    this.name = name;
    this.slots[PAT_PID] = TABLE;
  }

  /** Records whether its audio is selected. Returns whether it was otherwise; then no unit held from before is sent. */
  useSound(use: 'selected' | 'withheld'): boolean {
    const wasWithout = this.isWithoutSound;
    this.isWithoutSound = use === 'withheld';
    if (this.isWithoutSound === wasWithout) return false;
    for (const track of this.tracks) track.dropHeldSound();
    return true;
  }

  get promisesPcr(): boolean {
    return this.pcrPid !== NULL_PID;
  }

  get mediaCount(): number {
    return this.tracks.filter(isMedia).length;
  }

  /** Whether its PMT lists a video or audio track. */
  get hasMedia(): boolean {
    return this.tracks.some(({ kind }) => kind !== 'other');
  }

  get hasPictures(): boolean {
    return this.tracks.some(({ kind }) => kind === 'video');
  }

  /** A new source starts. Its tables are not known yet; the tracks are kept, because they are usually the same. */
  startSource(): void {
    this.reader.reset();
    this.startHold = null;
    this.firstSample = null;
    this.earlyPcr = NaN;
    this.awaitsNewPmt = false;
    this.slots.fill(UNKNOWN);
    this.slots[PAT_PID] = TABLE;
    for (const track of this.tracks) track.startSource();
  }

  /** Whether its video is known to have random access points. */
  get marksAccess(): boolean {
    return this.facts?.marksAccess === true || this.tracks.some(({ marksAccess }) => marksAccess);
  }

  /**
   * The parameter sets that the first picture of a track may lack; `null` if the track is not starting or no set is
   * missing.
   */
  setsFor({ open, out, replaces, track }: RemuxTrack): ParameterSets | null {
    const { facts } = this;
    if (open || (out === null && !replaces) || facts?.keyPid !== track.pid) return null;
    const sets = facts.parameterSets ?? null;
    return sets?.isEmpty === false ? sets : null;
  }

  /**
   * Whether the unit that starts in the packet at `at` is a random access point; `undefined`: `data` is too short to
   * decide.
   */
  isAccess(track: RemuxTrack, data: Uint8Array, at: number, flags: number): boolean | undefined {
    if (track.kind !== 'video') return false;
    const isMarked = (flags & RANDOM_ACCESS) !== 0;
    if (!isMarked && this.isWithoutAccess && this.facts?.keyPid === track.track.pid) return false;
    // Where all pictures have a PTS, what has none is more of the one before.
    const { pictures } = track;
    if (track.clock !== null && pictures?.isInNalUnits === true && !isStamped(data, at)) return false;
    const header = this.facts?.parameterSets?.header;
    const isAccess = isMarked || startsAccessPoint(pictures, data, at, header);
    track.marksAccess ||= isAccess === true;
    return isAccess;
  }

  /** The source is gone. */
  endSource(): void {
    this.startSource();
    this.facts = null;
    this.program = null;
    this.pcrPid = NULL_PID;
  }

  /** Reads tables before the other packets. Returns the offset after the last one that changed something, or -1. */
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

  /** Applies the input's tables: unchanged tracks continue undisturbed. */
  adopt(program: Program): void {
    const before = this.tracks;
    this.program = program;
    this.awaitsNewPmt = false;
    this.pcrPid = program.pcrPid;
    this.tracks = [];
    this.slots.fill(UNKNOWN);
    for (const track of program.tracks) {
      if (track.pid < FIRST_FREE_PID || track.pid === NULL_PID || track.pid === program.pmtPid) continue;
      if (this.slots[track.pid] !== UNKNOWN || this.tracks.length >= MAX_TRACKS) continue;
      const known = before.find((t) => t.track.pid === track.pid && t.track.streamType === track.streamType);
      const here = known ?? new RemuxTrack(track, program.descriptors);
      if (known) known.describe(track, program.descriptors);
      this.slots[track.pid] = FIRST_TRACK + this.tracks.length;
      this.tracks.push(here);
    }
    if (this.slots[program.pcrPid] === UNKNOWN && program.pcrPid !== NULL_PID) this.slots[program.pcrPid] = CLOCK;
    this.slots[PAT_PID] = this.slots[program.pmtPid] = TABLE;
  }

  /** Applies a new PAT whose PMT has not arrived: PIDs on which it may arrive are treated as tables. */
  expectPmt(): void {
    for (const pid of this.reader.tablePids) this.slots[pid] = TABLE;
    this.awaitsNewPmt = this.program !== null && this.reader.pmtPid !== this.program.pmtPid;
    if (!this.awaitsNewPmt || !this.isWithoutSound) return;
    for (const track of this.tracks) {
      track.stop();
      track.needsAccess = track.kind === 'video';
    }
  }
}
