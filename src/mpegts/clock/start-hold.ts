// Holds the first units of a source until their age is known.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.3.7.

import { hasPayload, PACKET_BYTES, payloadStart, readPid, startsUnit } from '../packet/packet.js';
import { PES_FIXED_BYTES, stampsOf, startsPes } from '../packet/pes.js';
import { readTimestamp, TICKS_PER_MS, ticksAfter } from '../packet/timestamp.js';
import type { Track, TrackKind } from '../psi/track.js';

const MAX_MS = 4000;
const MAX_BYTES = 2 << 20;
/**
 * How long to wait for the first picture if the PMT lists video, and then for the pictures' age. Audio is held with them,
 * and may be at most 1 s ahead of video of the same time (§2.4.2); a busy machine reads some of it later.
 */
const FIRST_PICTURE_MS = 1200;
const MAX_PICTURES_MS = 1000;
/** After this time the feed's age is no longer guessed for the PCR. */
const MAX_GUESS_MS = 1500;
/** First units that are older than this on arrival had been queued. Ticks. */
export const OLDEST = 1200 * TICKS_PER_MS;
/**
 * How much older than known units may be at first: the next picture's DTS may be as far ahead, audio as long. Then less.
 */
const [MAY_BE_OLDER_MS, STILL_MAY_BE_MS] = [600, 100];
/** Audio that arrives after its video determines the lag of the PCR: it is awaited this long after the first picture. */
const FIRST_SOUND_MS = 800;
/**
 * A reference that has just started may have started late, and what is placed by it would be as late: it is awaited this
 * long. (The PCR stands still meanwhile, and DTS must not come to be 1 s after it.)
 */
const MAX_REFERENCE_MS = 600;
/**
 * The pictures' age is known when, for this many pictures and this long, none was younger than the youngest before by more
 * than the limit: that is the length of a group of B-pictures, and in a burst each picture is younger than the one before.
 */
const PICTURES = 4;
const PICTURES_MS = 120;
const YOUNGER = 10 * TICKS_PER_MS;
/**
 * Units that arrive faster than this fraction of their duration are in a burst or follow one: the previous one was queued.
 */
const OWN_PACE = 0.6;
/**
 * So are long ones that arrive earlier than their duration by this: the previous one was as much too late (EBU R37: 40 ms).
 */
const MAX_EARLY = 30 * TICKS_PER_MS;
const LONGEST_UNIT = 3000 * TICKS_PER_MS;

/** A track of the source. */
export interface HeldTrack {
  readonly track: Track;
  readonly kind: TrackKind;
  readonly heldMs: number;
}

/** The sample that determines the age of a source's units: the one with the smallest arrival time minus `stamp`. */
export interface FirstSample {
  readonly track: HeldTrack;
  /** 33 bits, or up to a second more. */
  readonly stamp: number;
  readonly arrivalMs: number;
  /** The smallest and the largest PTS - DTS of its track. */
  readonly lead: number;
  readonly longestLead: number;
}

/**
 * The age of video is known once a few pictures arrived at their own pace; an audio PES packet is as old as its end, which
 * is where the next one starts. Data that was queued before the source started arrives in a burst. Units sent too early or
 * too late could be corrected later only by changing the intervals between them, so the first ones are held until their
 * place is known. This is done once for each start of a source, and only if the program has a reference.
 */
export class StartHold {
  readonly messages: { readonly data: Uint8Array; readonly atMs: number }[] = [];
  /** Bytes of {@link messages}. */
  bytes = 0;
  /** The lowest DTS of video and audio so far, 33 bits, and its arrival time; NaN before the first. */
  earliest = NaN;
  earliestAtMs = NaN;

  readonly #tracks: readonly HeldTrack[];
  readonly #hasPictures: boolean;
  #awaitsSound: boolean;
  readonly #sinceMs: number;
  #sampler: HeldTrack | null = null;
  #minimum: { stamp: number; arrivalMs: number } | null = null;
  #isKnown = false;

  // Video:
  #firstPictureMs = NaN;
  #lead = Infinity;
  #longestLead = 0;
  #since = { stamp: 0, arrivalMs: NaN }; // the last that was much younger than those before it
  #pictures = 0; // that came since
  #picture = NaN; // PTS of the last

  // Audio:
  #stamp = 0;
  #stampAtMs = NaN;

  readonly #canPlace: (nowMs: number) => boolean;

  /**
   * @param tracks the tracks of the source's program.
   * @param canPlace whether the reference's own place is known well enough.
   */
  constructor(nowMs: number, tracks: readonly HeldTrack[], canPlace: (nowMs: number) => boolean = () => true) {
    this.#canPlace = canPlace;
    this.#sinceMs = nowMs;
    this.#tracks = tracks;
    this.#hasPictures = tracks.some(({ kind }) => kind === 'video');
    this.#awaitsSound = this.#hasPictures && tracks.some(({ kind }) => kind === 'audio');
  }

  /** Holds a message; true if it is time to send all of them. */
  push(data: Uint8Array, nowMs: number): boolean {
    this.messages.push({ data: new Uint8Array(data), atMs: nowMs }); // the caller reuses it; a Buffer's slice() is a view
    this.bytes += data.length;
    for (let at = 0; at + PACKET_BYTES <= data.length; at += PACKET_BYTES) this.#readPacket(data, at, nowMs);
    return this.isOver(nowMs);
  }

  /**
   * The sample that determines the source's age. `null` while nothing arrived at its own pace: a file that is read as fast
   * as possible is not late, it has no pace of its own.
   */
  get sample(): FirstSample | null {
    const isPaced = this.#isKnown || (this.#hasPicture && this.#pictures > 0);
    return isPaced ? this.#best : null;
  }

  /**
   * The best sample so far, even if it is in a burst, or audio whose video is yet to come; `null` before the first unit,
   * and after so long a wait that the source may have stopped.
   */
  guess(nowMs: number): FirstSample | null {
    return nowMs - this.earliestAtMs < MAX_GUESS_MS ? this.#best : null;
  }

  /** How much older than {@link guess} the units may be, ticks. */
  mayBeOlder(nowMs: number): number {
    return Math.max(STILL_MAY_BE_MS, MAY_BE_OLDER_MS - (nowMs - this.earliestAtMs)) * TICKS_PER_MS;
  }

  get #best(): FirstSample | null {
    if (!this.#minimum || !this.#sampler) return null;
    const { stamp, arrivalMs } = this.#minimum;
    const [track, lead, longestLead] = [this.#sampler, this.#lead, this.#longestLead];
    if (this.#hasPicture) return { track, stamp: stamp + lead, arrivalMs, lead, longestLead };
    return { track, stamp: stamp + track.heldMs * TICKS_PER_MS, arrivalMs, lead: 0, longestLead: 0 };
  }

  /** Whether the hold has timed out, or the age is known and so is that of the reference that they are placed by. */
  isOver(nowMs: number): boolean {
    if (this.bytes > MAX_BYTES) return true;
    if (this.#isKnown && this.#hasPicture === this.#hasPictures) {
      if (!this.#canPlace(nowMs) && nowMs - this.#sinceMs < MAX_REFERENCE_MS) return false;
      return !this.#awaitsSound || nowMs - this.#firstPictureMs >= FIRST_SOUND_MS;
    }
    if (this.#hasPicture) return nowMs - this.#firstPictureMs >= MAX_PICTURES_MS;
    return nowMs - this.#sinceMs >= (this.#hasPictures ? FIRST_PICTURE_MS : MAX_MS);
  }

  get #hasPicture(): boolean {
    return this.#sampler?.kind === 'video';
  }

  #readPacket(data: Uint8Array, at: number, nowMs: number): void {
    if (!startsUnit(data, at) || !hasPayload(data, at)) return;
    const payload = payloadStart(data, at);
    const bytes = at + PACKET_BYTES - payload;
    if (bytes < PES_FIXED_BYTES || !startsPes(data, payload)) return;
    const stamps = stampsOf(data, payload);
    if (stamps === 0 || bytes < PES_FIXED_BYTES + 5 * stamps) return;
    const pid = readPid(data, at);
    const track = this.#tracks.find((one) => one.track.pid === pid);
    if (track?.kind !== 'video' && track?.kind !== 'audio') return;
    const pts = readTimestamp(data, payload + 9);
    const dts = stamps === 2 ? readTimestamp(data, payload + 14) : pts;
    if (!(ticksAfter(dts, this.earliest) >= 0)) {
      this.earliest = dts;
      this.earliestAtMs = nowMs;
    }
    if (track.kind === 'audio') this.#awaitsSound = false;
    const isFirst = this.#sampler === null || (track.kind === 'video' && !this.#hasPicture);
    if (isFirst) this.#start(track);
    if (track !== this.#sampler) return;
    if (track.kind === 'video') this.#readPicture(pts, dts, nowMs);
    else this.#readSound(pts, nowMs);
  }

  #start(sampler: HeldTrack): void {
    this.#sampler = sampler;
    this.#minimum = null;
    this.#isKnown = false;
  }

  #readPicture(pts: number, dts: number, nowMs: number): void {
    this.#lead = Math.min(this.#lead, ticksAfter(pts, dts));
    this.#longestLead = Math.max(this.#longestLead, ticksAfter(pts, dts));
    if (Number.isNaN(this.#firstPictureMs)) this.#firstPictureMs = nowMs;
    if (!this.#minimum || younger(pts, nowMs, this.#minimum) > 0) this.#minimum = { stamp: pts, arrivalMs: nowMs };
    if (Number.isNaN(this.#since.arrivalMs) || younger(pts, nowMs, this.#since) > YOUNGER) {
      this.#since = { stamp: pts, arrivalMs: nowMs };
      this.#pictures = 0;
    } else if (pts !== this.#picture) this.#pictures++; // or else it is more of the picture before
    this.#picture = pts;
    this.#isKnown = this.#pictures >= PICTURES && nowMs - this.#since.arrivalMs >= PICTURES_MS;
  }

  #readSound(stamp: number, nowMs: number): void {
    const length = ticksAfter(stamp, this.#stamp);
    if (!Number.isNaN(this.#stampAtMs) && length > 0 && length < LONGEST_UNIT) {
      // The previous unit was complete when it arrived, and ends here.
      if (!this.#minimum || younger(stamp, this.#stampAtMs, this.#minimum) > 0) {
        this.#minimum = { stamp, arrivalMs: this.#stampAtMs };
      }
      const ownPace = Math.max(length * OWN_PACE, length - MAX_EARLY);
      if ((nowMs - this.#stampAtMs) * TICKS_PER_MS >= ownPace) this.#isKnown = true;
    }
    this.#minimum ??= { stamp, arrivalMs: nowMs }; // a guess: the next one shows its duration
    this.#stamp = stamp;
    this.#stampAtMs = nowMs;
  }
}

/** By how many ticks a unit with `stamp` that arrives at `arrivalMs` was younger on arrival than `other`. */
function younger(stamp: number, arrivalMs: number, other: { stamp: number; arrivalMs: number }): number {
  return ticksAfter(stamp, other.stamp) - (arrivalMs - other.arrivalMs) * TICKS_PER_MS;
}
