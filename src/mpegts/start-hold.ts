// Keeps the first units of a source back until it is known how old they are.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.3.7.

import { hasPayload, PACKET_BYTES, payloadStart, readPid, startsUnit } from './packet.js';
import { PES_FIXED_BYTES, stampsOf, startsPes } from './pes.js';
import { readTimestamp, TICKS_PER_MS, ticksAfter } from './timestamp.js';
import type { Track, TrackKind } from './track.js';

const MOST_MS = 4000;
const MOST_BYTES = 2 << 20;
/**
 * So long pictures are waited for that the tables promise, and so long what they tell once they come. Sound waits with them, and
 * §2.4.2 has it be at most 1 s ahead of pictures of the same time; a busy machine reads some of it later.
 */
const FIRST_PICTURE_MS = 1200;
const MOST_PICTURES_MS = 1000;
/** What the PCR stands for is guessed no longer. */
const MOST_GUESS_MS = 1500;
/** First units that were older when they came had been queued before. Ticks. */
export const OLDEST = 1200 * TICKS_PER_MS;
/** By so much units may be older than is known: the next picture may be decoded as far ahead, sound be as long. Less later on. */
const [MAY_BE_OLDER_MS, STILL_MAY_BE_MS] = [600, 100];
/** Sound that comes after its picture tells how far the PCR has to lag: so long after the first picture it is waited for. */
const FIRST_SOUND_MS = 800;
/**
 * Pictures tell how old they are when none of so many, in so long a time, was younger than the youngest before by more than
 * that: a group of B-pictures is as long as that, and what comes in a burst gets younger with each.
 */
const PICTURES = 4;
const PICTURES_MS = 120;
const YOUNGER = 10 * TICKS_PER_MS;
/** Units that come faster than this, in their own lengths, are a burst or follow one: the one before was made before. */
const OWN_PACE = 0.6;
/** And so do long ones that come this much sooner than that: the one before was that much too late (EBU R37: 40 ms). */
const MOST_EARLY = 30 * TICKS_PER_MS;
const LONGEST_UNIT = 3000 * TICKS_PER_MS;

/** A track of the source. */
export interface HeldTrack {
  readonly track: Track;
  readonly kind: TrackKind;
  readonly heldMs: number;
}

/** What tells how old a source's units are: of all that came, arrival minus `stamp` is least. */
export interface FirstSample {
  readonly track: HeldTrack;
  /** 33 bits, or less than a second more. */
  readonly stamp: number;
  readonly arrivalMs: number;
  /** The least PTS - DTS that its track has shown. */
  readonly lead: number;
}

/**
 * A picture's age is known once a few came at their own pace, a PES packet of sound is as old as its end, which is where the
 * next one begins; and what was queued before a source came arrives in a burst. What is sent too early or too late can only
 * be moved afterwards by drawing units together or apart, so it waits until it can be put where it belongs. Once for each start
 * of a source, and only where there is something to be in time with.
 */
export class StartHold {
  readonly messages: { readonly data: Uint8Array; readonly atMs: number }[] = [];
  /** Bytes of {@link messages}. */
  bytes = 0;
  /** The least DTS of picture and sound seen, 33 bits, and when it came; NaN before the first. */
  earliest = NaN;
  earliestAtMs = NaN;

  readonly #tracks: readonly HeldTrack[];
  readonly #hasPictures: boolean;
  #awaitsSound: boolean;
  readonly #sinceMs: number;
  #sampler: HeldTrack | null = null;
  #least: { stamp: number; arrivalMs: number } | null = null;
  #isKnown = false;

  // Pictures:
  #firstPictureMs = NaN;
  #lead = Infinity;
  #since = { stamp: 0, arrivalMs: NaN }; // the last that was much younger than those before it
  #pictures = 0; // that came since
  #picture = NaN; // PTS of the last

  // Sound:
  #stamp = 0;
  #stampAtMs = NaN;

  /** @param tracks those of the source's program. */
  constructor(nowMs: number, tracks: readonly HeldTrack[]) {
    this.#sinceMs = nowMs;
    this.#tracks = tracks;
    this.#hasPictures = tracks.some(({ kind }) => kind === 'video');
    this.#awaitsSound = this.#hasPictures && tracks.some(({ kind }) => kind === 'audio');
  }

  /** Takes a message; true if it is time to let all of them go. */
  push(data: Uint8Array, nowMs: number): boolean {
    this.messages.push({ data: new Uint8Array(data), atMs: nowMs }); // it is lent; and a Buffer's slice() is a view
    this.bytes += data.length;
    for (let at = 0; at + PACKET_BYTES <= data.length; at += PACKET_BYTES) this.#look(data, at, nowMs);
    return this.isOver(nowMs);
  }

  /**
   * The sample that says how old the source is. `null` while nothing came at its own pace: a file that is read as fast as
   * it can be is not late, it has just no time of its own.
   */
  get sample(): FirstSample | null {
    const isPaced = this.#isKnown || (this.#hasPicture && this.#pictures > 0);
    return isPaced ? this.#best : null;
  }

  /**
   * The best sample so far, be it one of a burst, or of sound whose pictures are to come; `null` before the first unit, and
   * where that has waited for so long that its source may have stopped.
   */
  guess(nowMs: number): FirstSample | null {
    return nowMs - this.earliestAtMs < MOST_GUESS_MS ? this.#best : null;
  }

  /** By how much the units may be older than {@link guess} says, ticks. */
  mayBeOlder(nowMs: number): number {
    return Math.max(STILL_MAY_BE_MS, MAY_BE_OLDER_MS - (nowMs - this.earliestAtMs)) * TICKS_PER_MS;
  }

  get #best(): FirstSample | null {
    if (!this.#least || !this.#sampler) return null;
    const { stamp, arrivalMs } = this.#least;
    if (this.#hasPicture) return { track: this.#sampler, stamp: stamp + this.#lead, arrivalMs, lead: this.#lead };
    return { track: this.#sampler, stamp: stamp + this.#sampler.heldMs * TICKS_PER_MS, arrivalMs, lead: 0 };
  }

  /** Whether time is up or everything known. */
  isOver(nowMs: number): boolean {
    if (this.bytes > MOST_BYTES) return true;
    if (this.#isKnown && this.#hasPicture === this.#hasPictures) {
      return !this.#awaitsSound || nowMs - this.#firstPictureMs >= FIRST_SOUND_MS;
    }
    if (this.#hasPicture) return nowMs - this.#firstPictureMs >= MOST_PICTURES_MS;
    return nowMs - this.#sinceMs >= (this.#hasPictures ? FIRST_PICTURE_MS : MOST_MS);
  }

  get #hasPicture(): boolean {
    return this.#sampler?.kind === 'video';
  }

  #look(data: Uint8Array, at: number, nowMs: number): void {
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
    if (isFirst) this.#begin(track);
    if (track !== this.#sampler) return;
    if (track.kind === 'video') this.#lookAtPicture(pts, dts, nowMs);
    else this.#lookAtSound(pts, nowMs);
  }

  #begin(sampler: HeldTrack): void {
    this.#sampler = sampler;
    this.#least = null;
    this.#isKnown = false;
  }

  #lookAtPicture(pts: number, dts: number, nowMs: number): void {
    this.#lead = Math.min(this.#lead, ticksAfter(pts, dts));
    if (Number.isNaN(this.#firstPictureMs)) this.#firstPictureMs = nowMs;
    if (!this.#least || younger(pts, nowMs, this.#least) > 0) this.#least = { stamp: pts, arrivalMs: nowMs };
    if (Number.isNaN(this.#since.arrivalMs) || younger(pts, nowMs, this.#since) > YOUNGER) {
      this.#since = { stamp: pts, arrivalMs: nowMs };
      this.#pictures = 0;
    } else if (pts !== this.#picture) this.#pictures++; // or else it is more of the picture before
    this.#picture = pts;
    this.#isKnown = this.#pictures >= PICTURES && nowMs - this.#since.arrivalMs >= PICTURES_MS;
  }

  #lookAtSound(stamp: number, nowMs: number): void {
    const length = ticksAfter(stamp, this.#stamp);
    if (!Number.isNaN(this.#stampAtMs) && length > 0 && length < LONGEST_UNIT) {
      // The unit before came whole when it came, and this is where it ends.
      if (!this.#least || younger(stamp, this.#stampAtMs, this.#least) > 0) {
        this.#least = { stamp, arrivalMs: this.#stampAtMs };
      }
      const ownPace = Math.max(length * OWN_PACE, length - MOST_EARLY);
      if ((nowMs - this.#stampAtMs) * TICKS_PER_MS >= ownPace) this.#isKnown = true;
    }
    this.#least ??= { stamp, arrivalMs: nowMs }; // a guess: how long it is, the next one tells
    this.#stamp = stamp;
    this.#stampAtMs = nowMs;
  }
}

/** By how many ticks something with `stamp` that comes at `arrivalMs` was younger when it came than `other`. */
function younger(stamp: number, arrivalMs: number, other: { stamp: number; arrivalMs: number }): number {
  return ticksAfter(stamp, other.stamp) - (arrivalMs - other.arrivalMs) * TICKS_PER_MS;
}
