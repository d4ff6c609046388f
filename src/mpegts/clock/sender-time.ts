// The time at a feed's source, as the source gives it: its last PCR, continued by its timestamps.
// Pure: no clock, no I/O; time is an argument. ISO/IEC 13818-1 §2.4.2.1, §2.7.2.

import { MinimumWindow } from './minimum-window.js';
import { MaximumWindow } from './maximum-window.js';
import { TICKS_PER_MS, ZERO } from '../packet/timestamp.js';

/** PCRs at longer intervals than this are sparse: timestamps continue the time between them (§2.7.2: 100 ms). */
const SPARSE = 120 * TICKS_PER_MS;
/** A source with frequent PCRs has stopped sending them if its timestamps advance by this much without one. */
const STOPPED = 200 * TICKS_PER_MS;
/** A PCR this far after the DTS that arrived with it, or this far before it, is unrelated to it. */
const MAX_PCR_AFTER_DTS = 3000 * TICKS_PER_MS;
const MAX_PCR_BEFORE_DTS = 90_000 * TICKS_PER_MS;
/** A PCR that differs from the expected time by more than this belongs to a jump that the timestamps have yet to make. */
const ABSURD = 1000 * TICKS_PER_MS;
/** So does one that is before the last. The timestamps jump within this time after it. */
const JUMP_FOLLOWS = 100 * TICKS_PER_MS;
const LONGEST_STEP = 5000 * TICKS_PER_MS;
/** A longer delay than this is a stall. The lag is not meant to cover it, unless it recurs within a minute. */
const STALL = 1000 * TICKS_PER_MS;
const STALL_OVER_MS = 500;
const STALLS_RECUR_MS = 60_000;
/** How long a late unit counts: between once and twice this; if units are as late again within a minute, at least a minute. */
const LATENESS_MS = 30_000;
/** What a source began with, as a busy machine or a program that starts has it, counts no longer than this: what came since does. */
const NEW_MS = 10_000;
/** The same for the fault, which says what is wrong now and is looked at once a second. */
const NOW_MS = 1000;
/** A lateness below this is no fault and is not recorded for it. */
const NOTABLE = 500 * TICKS_PER_MS;

/**
 * A source's time, in its own ticks (unwrapped, 90 kHz). If PCRs are frequent enough, it is the last PCR. If they are
 * sparse or missing, it advances with each DTS of the sampled track. So it does not depend on arrival times: it waits for a
 * slow source and follows a fast one.
 */
export class SenderTime {
  /** NaN before the first PCR or DTS. */
  time = NaN;
  /** Whether it is based on a PCR. */
  hasPcr = false;
  /** The largest `time` - DTS of a unit: positive if units arrive after their DTS. -Infinity before the first. */
  need = -Infinity;
  /** The corrections of `time` by PCRs since this was last read, ticks. */
  slip = ZERO;
  /** Arrival time - time, ticks: the minimum is that of data without delay. */
  readonly delays = new MinimumWindow();

  #atMs = NaN;
  #delay = ZERO; // of the newest data, relative to the minimum
  #dts = NaN; // the newest of the sampled track
  #step = ZERO; // its difference from the one before
  #pcr = NaN;
  #pcrDts = NaN; // #dts when that PCR arrived
  #pcrGap = Infinity;
  #oddBy = NaN;
  #oddFrom = NaN; // the first PCR that differed by as much
  readonly #lateness = new MaximumWindow(LATENESS_MS, STALLS_RECUR_MS);
  readonly #recent = new MaximumWindow(NEW_MS / 2); // lateness, while it is new
  #newSinceMs = NaN;
  #isNew = true;
  readonly #latenessNow = new MaximumWindow(NOW_MS);
  readonly #needNow = new MaximumWindow(NOW_MS);
  #stallAtMs = -Infinity;
  #isStallAgain = false;
  #jumpedBy: number | null = null; // if no PCR has arrived since

  /** By how much the newest data was delayed, ticks. */
  get delay(): number {
    return this.#delay;
  }

  /** Whether timestamps define the time, alone or between sparse PCRs: then units with an earlier DTS may still follow. */
  get isByStamps(): boolean {
    return !this.hasPcr || this.#pcrGap > SPARSE;
  }

  get atMs(): number {
    return this.#atMs;
  }

  /** The interval between units, ms. */
  get stepMs(): number {
    return this.#step / TICKS_PER_MS;
  }

  /**
   * The time now: the last known time, continued by the clock, but no further than the next unit of the sampled track.
   * `nextDts` is the lowest DTS to come on any track: relative to this time, no unit may be later than earlier ones were.
   */
  at(nowMs: number, nextDts: number): number {
    const room = Math.min(this.#slack(), nextDts + this.need - this.time);
    return this.time + Math.max(0, Math.min((nowMs - this.#atMs) * TICKS_PER_MS, room));
  }

  /** How far the time may be continued without new data. */
  #slack(): number {
    return Number.isNaN(this.#dts) ? 0 : this.#step;
  }

  /**
   * By how much units arrive after their DTS, on a clock with this source's time and no delays; negative: before it. The
   * maximum of at least the last half minute; -Infinity: unknown.
   */
  lateness(nowMs: number): number {
    return this.#lateness.maximum(nowMs);
  }

  /** The same for the last second or two only; below the recording threshold, an upper bound. */
  latenessNow(nowMs: number): number {
    return Math.max(this.#latenessNow.maximum(nowMs), Math.min(this.lateness(nowMs), NOTABLE));
  }

  /** {@link need} for the last second or two only, with the same threshold as {@link latenessNow}. */
  needNow(nowMs: number): number {
    return Math.max(this.#needNow.maximum(nowMs), Math.min(this.need, NOTABLE));
  }

  /** Takes the state of the same source from before its timestamps jumped by `by`: nothing else has changed. */
  continueFrom(before: SenderTime, by: number, nowMs: number): void {
    this.time = before.time + by;
    this.hasPcr = before.hasPcr;
    this.#jumpedBy = before.hasPcr ? by : null;
    this.need = before.need;
    if (before.delays.minimum !== Infinity) this.delays.add(before.delays.minimum - by, nowMs);
    this.#atMs = before.#atMs;
    this.#delay = before.#delay;
    this.#dts = before.#dts + by;
    this.#step = before.#step;
    this.#pcr = before.#pcr + by;
    this.#pcrDts = before.#pcrDts + by;
    this.#pcrGap = before.#pcrGap;
    this.#lateness.add(before.lateness(nowMs), nowMs);
    this.#isNew = false;
    this.#stallAtMs = before.#stallAtMs;
    this.#isStallAgain = before.#isStallAgain;
  }

  /** Reads a PCR, unwrapped. `dts` is one that arrived with it. */
  observePcr(pcr: number, dts: number, nowMs: number): void {
    if (pcr === this.#pcr || dts - pcr < -MAX_PCR_AFTER_DTS || dts - pcr > MAX_PCR_BEFORE_DTS) return;
    const by = pcr - this.time;
    if (this.#jumpedBy !== null) {
      if (!this.#endsJump(by, this.#jumpedBy)) return;
    } else if (!this.hasPcr) this.#startPcr(by);
    else {
      const isOdd = Math.abs(by) > ABSURD || pcr < this.#pcr;
      if (isOdd && !this.#isAgain(by, pcr)) return;
      this.#oddBy = NaN;
      if (isOdd) this.slip += by - (pcr - this.#oddFrom);
      else if (this.#pcrGap > SPARSE) this.slip += by;
      this.#pcrGap = pcr - this.#pcr;
    }
    this.time = this.#pcr = pcr;
    this.#pcrDts = this.#dts;
    this.#observeLateness(nowMs);
  }

  /** The first PCR arrives; until now the time was defined by timestamps, if at all. */
  #startPcr(by: number): void {
    if (!Number.isNaN(this.time)) {
      this.slip += by;
      this.need += by;
    }
    this.hasPcr = true;
    this.#pcrGap = 0; // assumed to be frequent
    this.delays.reset();
  }

  /** The first PCR after the timestamps jumped; false for a PCR from before the jump. */
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

  /** Whether PCRs have differed by as much for a while: the time has jumped there, and the timestamps do not follow. */
  #isAgain(by: number, pcr: number): boolean {
    const isLike = Math.abs(by - this.#oddBy) < SPARSE;
    this.#oddBy = by;
    if (!isLike) this.#oddFrom = pcr;
    return isLike && pcr - this.#oddFrom >= JUMP_FOLLOWS;
  }

  /** Continues the time to this DTS, unwrapped, of the sampled track. */
  advance(dts: number, nowMs: number): void {
    const step = dts - this.#dts;
    if (step <= 0) return;
    if (Number.isNaN(step)) this.#startStamps(dts);
    else {
      this.#step = step < LONGEST_STEP ? step : LONGEST_STEP;
      if (!this.hasPcr) this.time += step;
      else if (this.#pcrGap > SPARSE || !(dts - this.#pcrDts <= STOPPED)) this.#carryFromPcr(dts);
    }
    this.#dts = dts;
    if (!this.hasPcr || this.#pcrGap > SPARSE) this.#observeLateness(nowMs);
  }

  /**
   * Samples a unit: its DTS, and the PCR in its first packet (NaN: none), both unwrapped. If it is of the sampled track,
   * {@link advance} comes before.
   */
  observeUnit(dts: number, pcr: number, nowMs: number): void {
    if (!Number.isNaN(pcr)) this.observePcr(pcr, dts, nowMs);
    if (Number.isNaN(this.time)) return;
    const need = this.time - dts;
    if (need > this.need) this.need = need;
    if (need > NOTABLE) this.#needNow.add(need, nowMs);
    if (nowMs - this.#stallAtMs < STALL_OVER_MS && !this.#isStallAgain) return;
    const late = nowMs * TICKS_PER_MS - this.delays.minimum - dts;
    this.#lateness.add(late, nowMs);
    if (this.#isNew) this.#takeNew(late, nowMs);
    if (late > NOTABLE) this.#latenessNow.add(late, nowMs);
  }

  #takeNew(late: number, nowMs: number): void {
    if (Number.isNaN(this.#newSinceMs)) this.#newSinceMs = nowMs;
    this.#recent.add(late, nowMs);
    if (nowMs - this.#newSinceMs < NEW_MS) return;
    this.#isNew = false;
    this.#lateness.reset();
    this.#lateness.add(this.#recent.maximum(nowMs), nowMs);
  }

  /** Another track gives the samples from now on. */
  restartSampling(): void {
    this.#dts = this.#pcrDts = NaN;
    if (!this.hasPcr) this.delays.reset();
  }

  /** From now on everything arrives `by` later. */
  raise(by: number): void {
    this.delays.raise(by);
    this.#delay -= by;
  }

  /** The first timestamp, or the first one of another track. */
  #startStamps(dts: number): void {
    if (this.hasPcr) return;
    if (!Number.isNaN(this.time)) {
      this.slip += dts - this.time;
      this.need += dts - this.time;
    }
    this.time = dts;
  }

  /** PCRs are sparse or have stopped: timestamps continue the time. */
  #carryFromPcr(dts: number): void {
    if (Number.isNaN(this.#pcrDts)) this.#pcrDts = this.#dts;
    const since = dts - this.#pcrDts;
    if (this.#pcrGap <= SPARSE && since > STOPPED) this.#pcrGap = since;
    if (this.#pcrGap > SPARSE) this.time = Math.max(this.time, this.#pcr + since);
  }

  #observeLateness(nowMs: number): void {
    this.#atMs = nowMs;
    const value = nowMs * TICKS_PER_MS - this.time;
    this.delays.add(value, nowMs);
    const delay = value - this.delays.minimum;
    this.#delay = delay;
    if (delay > STALL) this.#stalled(nowMs);
  }

  #stalled(nowMs: number): void {
    if (nowMs - this.#stallAtMs > STALL_OVER_MS) this.#isStallAgain = nowMs - this.#stallAtMs < STALLS_RECUR_MS;
    this.#stallAtMs = nowMs;
  }
}
