// Asks the server how it stands with what is played: often while something is the matter or has just changed, now and then
// otherwise.

import type { PlayStatus } from '../play-status.js';

/** Milliseconds from an answer to the next question. */
const OFTEN_MS = 1000;
const SELDOM_MS = 2500;
/** The same where something has just changed. */
const AT_ONCE_MS = 500;
/** For so long after a change the server may not know yet what it will call it: it waits 5 s until a feed is silent. */
const SETTLED_MS = 8000;
const TOO_MANY = 429; // RFC 6585 §4
/** An answer that takes longer is none. */
const WITHIN_MS = 5000;

/** What the server says. */
export class ServerView {
  /** Its last answer; null: it has not answered since {@link ServerView.forget}. */
  status: PlayStatus | null = null;
  /** Whether it answered when it was last asked. */
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

  /** To be called ten times a second. `isTroubled`: something is the matter; with other `signs` something has changed. */
  tick(nowMs: number, isTroubled: boolean, signs: string): void {
    if (this.#isAsking || this.#isRefused || document.hidden) return;
    const isNew = signs !== this.#signs;
    const isOften = isTroubled || nowMs - this.#changedAt < SETTLED_MS;
    if (nowMs - this.#askedAt < (isNew ? AT_ONCE_MS : isOften ? OFTEN_MS : SELDOM_MS)) return;
    if (isNew) [this.#signs, this.#changedAt] = [signs, nowMs];
    this.#askedAt = nowMs;
    void this.#ask();
  }

  /** Another connection: what was said before counts no more. It is not asked at once, for the first picture goes first. */
  forget(nowMs: number): void {
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
      // A token that has ended must not be tried again and again; a server that has too much to do is asked later.
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
