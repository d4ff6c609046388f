// Polls the server's status of what is played: often while there is a problem or something has just changed, otherwise
// seldom.

import type { PlayStatus } from '../../../http/answer/play-status.js';

/** Milliseconds from an answer to the next request. */
const OFTEN_MS = 1000;
const SELDOM_MS = 2500;
/** The same if something has just changed. */
const AT_ONCE_MS = 500;
/** For this long after a change the server's status may lag: a feed counts as silent after 5 s. */
const SETTLED_MS = 8000;
const TOO_MANY = 429; // RFC 6585 §4
/** Time-out of an answer. */
const WITHIN_MS = 5000;

/** The server's status of what is played. */
export class ServerStatus {
  /** Its last answer; null: it has not answered since {@link ServerStatus.reset}. */
  status: PlayStatus | null = null;
  /** Whether it answered the last request. */
  isReachable = true;
  token: string | null = null;
  readonly #url: string;
  #isAsking = false;
  #askedAt = -Infinity;
  #isRefused = false;
  #signs = '';
  #changedAt = -Infinity;

  constructor(url: string) {
    this.#url = url;
  }

  /**
   * Called ten times a second. `isTroubled`: there is a problem; a change of `signs` means that something has changed.
   */
  tick(nowMs: number, { isTroubled, signs }: { readonly isTroubled: boolean; readonly signs: string }): void {
    if (this.#isAsking || this.#isRefused || document.hidden) return;
    const isNew = signs !== this.#signs;
    const isOften = isTroubled || nowMs - this.#changedAt < SETTLED_MS;
    if (nowMs - this.#askedAt < (isNew ? AT_ONCE_MS : isOften ? OFTEN_MS : SELDOM_MS)) return;
    if (isNew) [this.#signs, this.#changedAt] = [signs, nowMs];
    this.#askedAt = nowMs;
    void this.#ask();
  }

  /**
   * Another connection: the old status is discarded. The first request waits, because the first picture has priority.
   */
  reset(nowMs: number): void {
    this.status = null;
    this.isReachable = true;
    this.#isRefused = false;
    this.#askedAt = nowMs;
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    try {
      const headers: HeadersInit = this.token === null ? {} : { Authorization: this.token };
      const response = await fetch(this.#url, { headers, signal: AbortSignal.timeout(WITHIN_MS) });
      this.isReachable = true;
      // An expired token must not be sent again and again; an overloaded server is polled later.
      if (response.ok) this.status = (await response.json()) as PlayStatus;
      else this.#isRefused = response.status >= 400 && response.status < 500 && response.status !== TOO_MANY;
    } catch {
      this.isReachable = false;
    } finally {
      this.#askedAt = performance.now();
      this.#isAsking = false;
    }
  }
}
