// Whether a link works, and which of its changes are recorded. A link that opens and is soon lost does not work in between:
// its fault is over when the link has been open for a while, not when a socket opens.
// No clock, no timers: time is an argument.
//
//   unknown ──(opened)──▶ open ──(lost)──▶ failing ──(opened)──▶ on probation ──(lasted)──▶ open
//      └──────(lost)──────────────────────────▲└───────(lost)────────┘
//
//   recorded: link open, at once            each cause once                    link open

import type { Fault, FaultCode } from '../events/event.js';

/** The faults by which an endpoint refuses. */
const REFUSALS = new Set<FaultCode>(['refused', 'token-required', 'token-expired']);
/** How many causes are distinguished; further ones only by their code. */
const MAX_CAUSES = 20;
/** The longest probation of an endpoint that has refused. */
const LONGEST_PROBATION_MS = 60_000;

/** The health of one link. */
export class LinkHealth {
  /** What is wrong with it; null: nothing known. */
  fault: Fault | null = null;

  readonly #goodAfterMs: number;
  #probationMs: number;
  #openedMs = -1; // -1: it is not open
  #isOpenRecorded = false;
  readonly #recordedCauses = new Set<string>();

  constructor(goodAfterMs: number) {
    this.#goodAfterMs = this.#probationMs = goodAfterMs;
  }

  /**
   * How long the link must stay open until its fault is over. An endpoint may refuse late (`vw serve` waits 10 s for a
   * token): then the link must stay open longer than before.
   */
  get probationMs(): number {
    return this.#probationMs;
  }

  /** The link is open. Returns whether to record that now. */
  opened(nowMs: number): boolean {
    this.#openedMs = nowMs;
    this.#isOpenRecorded = this.fault === null;
    return this.#isOpenRecorded;
  }

  /** The link has been open for {@link probationMs}. Returns whether to record now that it is open. */
  lasted(): boolean {
    const isNews = !this.#isOpenRecorded;
    this.fault = null;
    this.#isOpenRecorded = true;
    this.#probationMs = this.#goodAfterMs;
    this.#recordedCauses.clear();
    return isNews;
  }

  /** The link is lost, or a dial failed. Returns whether to record that. */
  lost(fault: Fault, nowMs: number): boolean {
    const openMs = this.#openedMs === -1 ? 0 : nowMs - this.#openedMs;
    this.#openedMs = -1;
    this.fault = fault;
    this.#probationMs = REFUSALS.has(fault.code)
      ? Math.max(this.#goodAfterMs, Math.min(2 * openMs, LONGEST_PROBATION_MS))
      : this.#goodAfterMs;
    const wasToldOpen = this.#isOpenRecorded;
    this.#isOpenRecorded = false;
    return this.#recordCause(fault) || wasToldOpen;
  }

  #recordCause({ code, message }: Fault): boolean {
    const key = this.#recordedCauses.size < MAX_CAUSES ? causeOf(code, message) : code;
    if (this.#recordedCauses.has(key)) return false;
    this.#recordedCauses.add(key);
    return true;
  }
}

/** A key that is the same for reasons that differ only in a number, a time or an identifier. */
function causeOf(code: FaultCode, message: string): string {
  return `${code} ${message
    .split(' ')
    .map((word) => (/\d/.test(word) ? '#' : word))
    .join(' ')}`;
}
