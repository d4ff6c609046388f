// What time it is at a feed's source, by its own account: its last PCR, carried on by its stamps.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.2.1, §2.7.2.

import { LeastWindow } from './least-window.js';
import { MostWindow } from './most-window.js';
import { TICKS_PER_MS, ZERO } from './timestamp.js';

/** PCRs that are further apart than this are too few: stamps carry the time on between them (§2.7.2: 100 ms). */
const SPARSE = 120 * TICKS_PER_MS;
/** So much may pass by stamps before a source that sends many PCRs is taken to have stopped. */
const STOPPED = 200 * TICKS_PER_MS;
/** A PCR so far after the DTS of its time, or so far before it, has nothing to do with it. */
const MOST_AFTER = 3000 * TICKS_PER_MS;
const MOST_BEFORE = 90_000 * TICKS_PER_MS;
/** A PCR that is further than this from where time must be belongs to a jump that the stamps have yet to show. */
const ABSURD = 1000 * TICKS_PER_MS;
const LONGEST_STEP = 5000 * TICKS_PER_MS;
/** What is delayed by more than this is a stall. No lag is meant to cover it, unless it happens again within a minute. */
const STALL = 1000 * TICKS_PER_MS;
const STALL_OVER_MS = 500;
const STALLS_RECUR_MS = 60_000;
/** How long it counts that units came late: between one and two of these. */
const LATENESS_MS = 30_000;
/** What a source began with, as a busy machine or a program that starts has it, counts no longer than this: what came since does. */
const NEW_MS = 10_000;
/** The same for the fault, which says what is wrong now and is looked at once a second. */
const NOW_MS = 1000;
/** Less than this is no fault, and is not noted for it. */
const NOTABLE = 500 * TICKS_PER_MS;

/**
 * A source's time, in its own ticks (unwrapped, 90 kHz). Where PCRs come often enough it is simply the last of them. Where
 * they are few, or there are none, each DTS of the track that gives the samples carries it on by as much as it is after
 * the one before. So it does not depend on when anything arrives: it waits for a slow source and runs with a fast one.
 */
export class SenderTime {
  /** NaN before the first PCR or DTS. */
  time = NaN;
  /** Whether it comes from a PCR. */
  hasPcr = false;
  /** The largest `time` - DTS of a unit: above 0 where units come after their DTS. -Infinity before the first. */
  need = -Infinity;
  /** What was put right by a PCR since this was last read, ticks: time was not there, but there. */
  slip = ZERO;
  /** Arrival time - time, ticks: its least belongs to what nothing delayed. */
  readonly delays = new LeastWindow();

  #atMs = NaN;
  #delay = ZERO; // of what came last, against the least
  #dts = NaN; // the newest of the track that gives the samples
  #step = ZERO; // how far it was after the one before
  #pcr = NaN;
  #pcrDts = NaN; // #dts when it came
  #pcrGap = Infinity;
  #oddBy = NaN;
  readonly #lateness = new MostWindow(LATENESS_MS);
  readonly #recent = new MostWindow(NEW_MS / 2); // lateness, while it is new
  #newSinceMs = NaN;
  #isNew = true;
  readonly #latenessNow = new MostWindow(NOW_MS);
  readonly #needNow = new MostWindow(NOW_MS);
  #stallAtMs = -Infinity;
  #isStallAgain = false;
  #jumpedBy: number | null = null; // where no PCR has come since

  /** How much later than it could have what came last did come, ticks. */
  get delay(): number {
    return this.#delay;
  }

  /** Whether its stamps tell the time, alone or between PCRs that are few: then nothing says that what is to come is not before it. */
  get isByStamps(): boolean {
    return !this.hasPcr || this.#pcrGap > SPARSE;
  }

  get atMs(): number {
    return this.#atMs;
  }

  /** How far apart units come, ms. */
  get stepMs(): number {
    return this.#step / TICKS_PER_MS;
  }

  /**
   * Time now: what was last learned, carried on by the clock as far as the next unit of the track that gives the samples.
   * `nextDts` is the least that is to come of any track: none must come later against this time than others did.
   */
  at(nowMs: number, nextDts: number): number {
    const room = Math.min(this.#room(), nextDts + this.need - this.time);
    return this.time + Math.max(0, Math.min((nowMs - this.#atMs) * TICKS_PER_MS, room));
  }

  /** How far time may be carried on without anything that comes. */
  #room(): number {
    return Number.isNaN(this.#dts) ? 0 : this.#step;
  }

  /**
   * By how much units come after their DTS, on a clock that runs at this source's time as it would be without delays;
   * negative: before it. The largest of the last half minute or more; -Infinity: not known.
   */
  lateness(nowMs: number): number {
    return this.#lateness.most(nowMs);
  }

  /** The same of the last second or two alone; where that is less than is notable, the most that it may be. */
  latenessNow(nowMs: number): number {
    return Math.max(this.#latenessNow.most(nowMs), Math.min(this.lateness(nowMs), NOTABLE));
  }

  /** {@link need} of the last second or two alone; as {@link latenessNow}. */
  needNow(nowMs: number): number {
    return Math.max(this.#needNow.most(nowMs), Math.min(this.need, NOTABLE));
  }

  /** Goes on from what was known of the same source before its stamps jumped by `by`: nothing else has changed. */
  goOn(before: SenderTime, by: number, nowMs: number): void {
    this.time = before.time + by;
    this.hasPcr = before.hasPcr;
    this.#jumpedBy = before.hasPcr ? by : null;
    this.need = before.need;
    if (before.delays.least !== Infinity) this.delays.take(before.delays.least - by, nowMs);
    this.#atMs = before.#atMs;
    this.#delay = before.#delay;
    this.#dts = before.#dts + by;
    this.#step = before.#step;
    this.#pcr = before.#pcr + by;
    this.#pcrDts = before.#pcrDts + by;
    this.#pcrGap = before.#pcrGap;
    this.#lateness.take(before.lateness(nowMs), nowMs);
    this.#isNew = false;
    this.#stallAtMs = before.#stallAtMs;
    this.#isStallAgain = before.#isStallAgain;
  }

  /** Takes a PCR, unwrapped. `dts` is one of the same time. */
  carry(pcr: number, dts: number, nowMs: number): void {
    if (pcr === this.#pcr || dts - pcr < -MOST_AFTER || dts - pcr > MOST_BEFORE) return;
    const by = pcr - this.time;
    if (this.#jumpedBy !== null) {
      if (!this.#endsJump(by, this.#jumpedBy)) return;
    } else if (!this.hasPcr) this.#beginPcr(by);
    else {
      const isOdd = Math.abs(by) > ABSURD;
      if (isOdd && !this.#isAgain(by)) return;
      this.#oddBy = NaN;
      if (this.#pcrGap > SPARSE || isOdd) this.slip += by;
      this.#pcrGap = pcr - this.#pcr;
    }
    this.time = this.#pcr = pcr;
    this.#pcrDts = this.#dts;
    this.#note(nowMs);
  }

  /** The first PCR comes; time was said by stamps before, if at all. */
  #beginPcr(by: number): void {
    if (!Number.isNaN(this.time)) {
      this.slip += by;
      this.need += by;
    }
    this.hasPcr = true;
    this.#pcrGap = 0; // many are expected
    this.delays.reset();
  }

  /** The first PCR since the stamps jumped; false for one of before that. */
  #endsJump(by: number, jumpedBy: number): boolean {
    if (Math.abs(by) > ABSURD && Math.abs(by + jumpedBy) < ABSURD) return false;
    this.slip += by;
    this.need += by;
    this.#lateness.raise(by);
    this.#recent.raise(by);
    this.delays.raise(-by);
    this.#jumpedBy = null;
    return true;
  }

  /** Whether the PCR before was as far out as this one: then it is where time has jumped to. */
  #isAgain(by: number): boolean {
    if (Math.abs(by - this.#oddBy) < SPARSE) return true;
    this.#oddBy = by;
    return false;
  }

  /**
   * Takes a unit's DTS, unwrapped. `isSampler`: it is of the track that gives the samples. `pcr` is what its first packet
   * carries, unwrapped; NaN: nothing.
   */
  unit(dts: number, isSampler: boolean, pcr: number, nowMs: number): void {
    if (isSampler) this.#carryOn(dts, nowMs);
    if (!Number.isNaN(pcr)) this.carry(pcr, dts, nowMs);
    if (Number.isNaN(this.time)) return;
    const need = this.time - dts;
    if (need > this.need) this.need = need;
    if (need > NOTABLE) this.#needNow.take(need, nowMs);
    if (nowMs - this.#stallAtMs < STALL_OVER_MS && !this.#isStallAgain) return;
    const late = nowMs * TICKS_PER_MS - this.delays.least - dts;
    this.#lateness.take(late, nowMs);
    if (this.#isNew) this.#takeNew(late, nowMs);
    if (late > NOTABLE) this.#latenessNow.take(late, nowMs);
  }

  #takeNew(late: number, nowMs: number): void {
    if (Number.isNaN(this.#newSinceMs)) this.#newSinceMs = nowMs;
    this.#recent.take(late, nowMs);
    if (nowMs - this.#newSinceMs < NEW_MS) return;
    this.#isNew = false;
    this.#lateness.reset();
    this.#lateness.take(this.#recent.most(nowMs), nowMs);
  }

  /** Another track gives the samples from now on. */
  resample(): void {
    this.#dts = this.#pcrDts = NaN;
    if (!this.hasPcr) this.delays.reset();
  }

  /** All that comes is `by` later from now on. */
  raise(by: number): void {
    this.delays.raise(by);
    this.#delay -= by;
  }

  #carryOn(dts: number, nowMs: number): void {
    const step = dts - this.#dts;
    if (step <= 0) return;
    if (Number.isNaN(step)) this.#beginStamps(dts);
    else {
      this.#step = step < LONGEST_STEP ? step : LONGEST_STEP;
      if (!this.hasPcr) this.time += step;
      else if (this.#pcrGap > SPARSE || !(dts - this.#pcrDts <= STOPPED)) this.#carryFromPcr(dts);
    }
    this.#dts = dts;
    if (!this.hasPcr || this.#pcrGap > SPARSE) this.#note(nowMs);
  }

  /** The first stamp comes, or the first of another track. */
  #beginStamps(dts: number): void {
    if (this.hasPcr) return;
    if (!Number.isNaN(this.time)) {
      this.slip += dts - this.time;
      this.need += dts - this.time;
    }
    this.time = dts;
  }

  /** PCRs are few, or have stopped: stamps carry time on. */
  #carryFromPcr(dts: number): void {
    if (Number.isNaN(this.#pcrDts)) this.#pcrDts = this.#dts;
    const since = dts - this.#pcrDts;
    if (this.#pcrGap <= SPARSE && since > STOPPED) this.#pcrGap = since;
    if (this.#pcrGap > SPARSE) this.time = Math.max(this.time, this.#pcr + since);
  }

  #note(nowMs: number): void {
    this.#atMs = nowMs;
    const value = nowMs * TICKS_PER_MS - this.time;
    this.delays.take(value, nowMs);
    const delay = value - this.delays.least;
    this.#delay = delay;
    if (delay > STALL) this.#stalled(nowMs);
  }

  #stalled(nowMs: number): void {
    if (nowMs - this.#stallAtMs > STALL_OVER_MS) this.#isStallAgain = nowMs - this.#stallAtMs < STALLS_RECUR_MS;
    this.#stallAtMs = nowMs;
  }
}
