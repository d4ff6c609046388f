// Whether a link is well, and what of it is told. A link that opens and is lost again is not well in between: its fault
// is over when the link has been open for a while, not when a socket opened.
// No clock, no timers: time is an argument.
//
//   unknown ──(opened)──▶ open ──(lost)──▶ failing ──(opened)──▶ on probation ──(lasted)──▶ open
//      └──────(lost)──────────────────────────▲└───────(lost)────────┘
//
//   told:     link open, at once            each cause once                    link open

import type { Fault, FaultCode } from './event.js';

/** What an endpoint says no with. */
const REFUSALS = new Set<FaultCode>(['refused', 'token-required', 'token-expired']);
/** So many causes are told apart; further ones by their code only. */
const MOST_CAUSES = 20;
/** The longest that an endpoint which said no is watched before it is believed. */
const LONGEST_PROBATION_MS = 60_000;

/** The health of one link. */
export class LinkHealth {
  /** What is wrong with it; null: nothing is known to be. */
  fault: Fault | null = null;

  readonly #goodAfterMs: number;
  #probationMs: number;
  #openedMs = -1; // -1: it is not open
  #isToldOpen = false;
  readonly #toldCauses = new Set<string>();

  constructor(goodAfterMs: number) {
    this.#goodAfterMs = this.#probationMs = goodAfterMs;
  }

  /**
   * How long it has to stay open to be well. An endpoint that says no may take its time (`vw serve` waits 10 s for a token):
   * then it has to last longer than it did before.
   */
  get probationMs(): number {
    return this.#probationMs;
  }

  /** It is open. Returns whether that is to be told now. */
  opened(nowMs: number): boolean {
    this.#openedMs = nowMs;
    this.#isToldOpen = this.fault === null;
    return this.#isToldOpen;
  }

  /** It has stayed open for {@link probationMs}. Returns whether it is to be told now that it is open. */
  lasted(): boolean {
    const isNews = !this.#isToldOpen;
    this.fault = null;
    this.#isToldOpen = true;
    this.#probationMs = this.#goodAfterMs;
    this.#toldCauses.clear();
    return isNews;
  }

  /** It is lost, or was not reached. Returns whether that is to be told. */
  lost(fault: Fault, nowMs: number): boolean {
    const openMs = this.#openedMs === -1 ? 0 : nowMs - this.#openedMs;
    this.#openedMs = -1;
    this.fault = fault;
    this.#probationMs = REFUSALS.has(fault.code)
      ? Math.max(this.#goodAfterMs, Math.min(2 * openMs, LONGEST_PROBATION_MS))
      : this.#goodAfterMs;
    const wasToldOpen = this.#isToldOpen;
    this.#isToldOpen = false;
    return this.#isNewCause(fault) || wasToldOpen;
  }

  #isNewCause({ code, words }: Fault): boolean {
    const key = this.#toldCauses.size < MOST_CAUSES ? causeOf(code, words) : code;
    if (this.#toldCauses.has(key)) return false;
    this.#toldCauses.add(key);
    return true;
  }
}

/** The same for reasons that differ in a number, a time or an identifier only. */
function causeOf(code: FaultCode, words: string): string {
  return `${code} ${words
    .split(' ')
    .map((word) => (/\d/.test(word) ? '#' : word))
    .join(' ')}`;
}
