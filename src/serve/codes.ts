// One-time codes (practable's way): each stands for a grant on one topic, is good once, and not for long.

import { randomBytes } from 'node:crypto';
import { LimitError } from '../errors.js';
import { type Grant, TokenError } from './tokens.js';

/** Codes that may be waiting to be used. */
const MAX_CODES = 10_000;

interface Issued {
  readonly topic: string;
  readonly grant: Grant;
  readonly untilMs: number;
}

/** The codes that have not been used. Oldest first, all of one lifetime: the first is the first to end. */
export class Codes {
  readonly #codes = new Map<string, Issued>();

  /** @param lifetimeMs how long a code is good. */
  constructor(private readonly lifetimeMs: number) {}

  /** A new code. Throws {@link LimitError} when too many wait. */
  issue(topic: string, grant: Grant, nowMs: number): string {
    for (const [code, { untilMs }] of this.#codes) {
      if (untilMs > nowMs) break;
      this.#codes.delete(code);
    }
    if (this.#codes.size >= MAX_CODES) {
      throw new LimitError('ERR_TOO_MANY_CODES', `${MAX_CODES} codes wait to be used already; try again in a moment`);
    }
    const code = randomBytes(24).toString('base64url');
    this.#codes.set(code, { topic, grant, untilMs: nowMs + this.lifetimeMs });
    return code;
  }

  /** What a code stands for; it is used up, whatever comes of it. Throws {@link TokenError}. */
  redeem(code: string, topic: string, nowMs: number): Grant {
    const issued = this.#codes.get(code);
    this.#codes.delete(code);
    if (!issued) throw new TokenError('this code is not known: it was used before, or is too old');
    if (issued.untilMs <= nowMs) throw new TokenError('this code is too old');
    if (issued.topic !== topic) throw new TokenError('this code is for another topic');
    if (issued.grant.endsMs <= nowMs) throw new TokenError('this token has expired');
    return issued.grant;
  }
}
