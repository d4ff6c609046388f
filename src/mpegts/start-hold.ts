// Keeps the first sound of a source back until it can be told how old it is.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.3.7.

import { hasPayload, PACKET_BYTES, payloadStart, readPid, startsUnit } from './packet.js';
import { PES_FIXED_BYTES, stampsOf, startsPes } from './pes.js';
import { readTimestamp, TICKS_PER_MS, ticksAfter } from './timestamp.js';
import { kindOfStreamId } from './track.js';

const MOST_MS = 4000;
const MOST_BYTES = 1 << 20;
/** Units that come faster than this, in their own lengths, are a burst or follow one: the one before was made before. */
const OWN_PACE = 0.6;
/** And so do long ones that come this much sooner than that: the one before was that much too late (EBU R37: 40 ms). */
const MOST_EARLY = 30 * TICKS_PER_MS;
const LONGEST_UNIT = 3000 * TICKS_PER_MS;

/**
 * A PES of sound is as old as its end, and that is known when the next one begins: a tenth or two of a second later.
 * And what was queued before a source came arrives in a burst. Sound that is sent too early cannot be moved afterwards
 * without being heard (frames of one PES would overlap those of the next), so it waits until a unit came at its own
 * pace; 3 s or 1 MB at most. Once for each start of a source, and only where there is something to be in time with.
 */
export class StartHold {
  readonly messages: Uint8Array[] = [];
  /** The least of arrival minus stamp seen: what FeedClock calls a sample. */
  #least: { stamp: number; arrivalMs: number } | null = null;
  readonly #sinceMs: number;
  #bytes = 0;
  #pid = -1;
  #stamp = 0;
  #stampAtMs = NaN;
  #isPaced = false;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** Takes a message; true if it is time to let all of them go. */
  push(data: Uint8Array, nowMs: number): boolean {
    this.messages.push(new Uint8Array(data)); // it is lent; and a Buffer's slice() is a view
    this.#bytes += data.length;
    for (let at = 0; at + PACKET_BYTES <= data.length; at += PACKET_BYTES) this.#look(data, at, nowMs);
    return this.isOver(nowMs);
  }

  /**
   * The sample that says how old the feed is. `null` while nothing came at its own pace: a file that is read as fast as
   * it can be is not late, it has just no time of its own.
   */
  get least(): { stamp: number; arrivalMs: number } | null {
    return this.#isPaced ? this.#least : null;
  }

  /** Whether time is up or everything known. */
  isOver(nowMs: number): boolean {
    return this.#isPaced || this.#bytes > MOST_BYTES || nowMs - this.#sinceMs >= MOST_MS;
  }

  #look(data: Uint8Array, at: number, nowMs: number): void {
    if (!startsUnit(data, at) || !hasPayload(data, at)) return;
    const payload = payloadStart(data, at);
    const bytes = at + PACKET_BYTES - payload;
    if (bytes < PES_FIXED_BYTES || !startsPes(data, payload) || kindOfStreamId(data[payload + 3]!) === 'video') return;
    const stamps = stampsOf(data, payload);
    if (stamps === 0 || bytes < PES_FIXED_BYTES + 5 * stamps) return;
    const pid = readPid(data, at);
    if (this.#pid < 0) this.#pid = pid;
    if (pid !== this.#pid) return;
    const stamp = readTimestamp(data, payload + (stamps === 2 ? 14 : 9));
    const length = ticksAfter(stamp, this.#stamp);
    if (!Number.isNaN(this.#stampAtMs) && length > 0 && length < LONGEST_UNIT) {
      // The unit before came whole when it came, and this is where it ends.
      const later = this.#least ? ticksAfter(stamp, this.#least.stamp) : 0;
      const wait = this.#least ? (this.#stampAtMs - this.#least.arrivalMs) * TICKS_PER_MS : 0;
      if (!this.#least || wait < later) this.#least = { stamp, arrivalMs: this.#stampAtMs };
      const ownPace = Math.max(length * OWN_PACE, length - MOST_EARLY);
      if ((nowMs - this.#stampAtMs) * TICKS_PER_MS >= ownPace) this.#isPaced = true;
    }
    this.#stamp = stamp;
    this.#stampAtMs = nowMs;
  }
}
