// The program clock reference of the output: one rising line, whichever feed's PCR it is taken from.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.2.1, §2.4.3.5, §2.7.2.

import type { FeedClock } from './feed-clock.js';
import { TICKS_PER_MS } from './timestamp.js';

const LAG = 820 * TICKS_PER_MS;
const LEAST_LAG = 100 * TICKS_PER_MS;
const MOST_LAG = 940 * TICKS_PER_MS;
const LAG_STEP = 10 * TICKS_PER_MS;
/** A PCR that is further than this from where time must be belongs to a jump that the stamps have yet to show. */
const ABSURD = 1000 * TICKS_PER_MS;
/** How much of the time that passes may be added to bring the lag where it should be. */
const CORRECTION = 0.01;
const SMALLEST_STEP = 1 / 300;

/**
 * A feed's PCR says when its multiplexer sent a packet, 0.7 s or nothing before the DTS (`-muxdelay`). Output PCR is that
 * line, moved so that the newest picture's DTS is `lag` after it: 0.82 s, for the first sound must still be ahead of it. That
 * waits until the second PES packet has come, and ffmpeg puts up to 0.37 s into one (low sound at the default muxdelay).
 * More where a track proves to be later still, less where the rule moves one ahead, for DTS - PCR is 1 s at most.
 */
export class PcrOutput {
  /** The last one sent, unwrapped, in 90 kHz ticks with a fraction; NaN before the first. */
  last = NaN;
  atMs = NaN;
  /** The largest correction that the rule asks for, in ticks: that feed's DTS is ahead of the others' by as much. */
  mostTrim = 0;
  #lag = LAG;
  #source: FeedClock | null = null;
  #shift = 0;
  #latest = 0;

  /** Milliseconds since a PCR was sent; Infinity before the first. */
  sinceMs(nowMs: number): number {
    return Number.isNaN(this.atMs) ? Infinity : nowMs - this.atMs;
  }

  /** The output PCR for a PCR (33 bits and a fraction) of the feed that gives it. */
  carry(clock: FeedClock, pcr: number, nowMs: number): number {
    // By where the stamps are now: where they were drawn together (a burst), its own place lies nearer to them than it did.
    const own = clock.unwrap(pcr);
    const moved = clock.reached === -Infinity ? clock.peek(own) : clock.reached - (clock.reachedIn - own);
    if (Number.isNaN(clock.pcrDistance)) clock.pcrDistance = clock.reached - moved;
    const wanted = clock.pcrDistance - this.#lagOf(clock);
    const expected = this.last + (nowMs - this.atMs) * TICKS_PER_MS;
    if (this.#source !== clock) {
      this.#source = clock;
      // Another feed's line is joined where time has come to; the lag is put right from there.
      const goesOn = Math.min(clock.pcrDistance - LEAST_LAG, Math.max(clock.pcrDistance - MOST_LAG, expected - moved));
      this.#shift = Number.isNaN(expected) ? wanted : goesOn;
    } else {
      const most = Math.abs(moved - this.#latest) * CORRECTION;
      this.#shift += Math.min(most, Math.max(-most, wanted - this.#shift));
    }
    this.#latest = moved;
    const value = moved + this.#shift;
    // Behind what was sent already (the feed is late, and a PCR was made meanwhile): the clock runs on by itself.
    const isUsable = Math.abs(clock.reached - value - LAG) <= ABSURD && !(value <= this.last);
    return this.#send(isUsable || Number.isNaN(expected) ? value : expected, nowMs);
  }

  /** What a PCR in a packet of another PID becomes: nobody reads it, so it binds nothing. */
  moveOther(clock: FeedClock, pcr: number): number {
    const moved = clock.peek(clock.unwrap(pcr));
    const distance = Number.isNaN(clock.pcrDistance) ? clock.reached - moved : clock.pcrDistance;
    return moved + distance - this.#lag;
  }

  /** A PCR where the feed gives none: time since the last one, drawn towards `clock`'s stamps if there is one. */
  make(clock: FeedClock | null, nowMs: number): number {
    const wanted = clock && clock.reached !== -Infinity ? clock.reached - this.#lagOf(clock) : NaN;
    const passed = (nowMs - this.atMs) * TICKS_PER_MS;
    const expected = this.last + passed;
    if (Number.isNaN(wanted)) return this.#send(expected, nowMs);
    const error = wanted - expected;
    if (Number.isNaN(expected) || error > ABSURD) return this.#send(wanted, nowMs);
    const most = passed * CORRECTION;
    return this.#send(expected + Math.min(most, Math.max(-most, error)), nowMs);
  }

  /** Learns that a unit with output time `dts` is sent now: the lag gives way where 0 to 1 s is in danger. */
  noteUnit(dts: number): void {
    const ahead = dts - this.last;
    if (ahead < LEAST_LAG) this.#lag = Math.min(MOST_LAG - LEAST_LAG, this.#lag + LAG_STEP);
    else if (ahead > MOST_LAG && this.#lag > LAG) this.#lag -= LAG_STEP;
  }

  #lagOf(clock: FeedClock): number {
    return Math.max(LEAST_LAG, Math.min(this.#lag, MOST_LAG - Math.max(0, this.mostTrim - clock.trim)));
  }

  #send(value: number, nowMs: number): number {
    this.last = value > this.last || Number.isNaN(this.last) ? value : this.last + SMALLEST_STEP;
    this.atMs = nowMs;
    return this.last;
  }
}
