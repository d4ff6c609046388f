// One-time codes (practable's way): each stands for a grant on one topic, is good once, and not for long. There is room for
// so many; where it is full, the oldest code gives way of the topic, the token and the address that have most. So nobody is
// ever refused a code, and whoever asks for very many loses codes of his own.

import { randomBytes } from 'node:crypto';
import { networkOf } from '../http/network.js';
import { Shares } from '../shares.js';
import { type Grant, TokenError } from './tokens.js';

/** Codes that may be waiting to be used. */
export const MAX_CODES = 10_000;

interface Issued {
  readonly code: string;
  readonly topic: string;
  readonly grant: Grant;
  readonly owner: readonly string[];
  /** On the clock that nobody sets. */
  readonly untilMs: number;
}

/** The codes that have not been used. */
export class Codes {
  readonly #codes = new Map<string, Issued>(); // oldest first, all of one lifetime: the first is the first to end
  readonly #shares = new Shares<Issued>();

  /**
   * @param lifetimeMs how long a code is good.
   * @param most how many may wait.
   */
  constructor(
    private readonly lifetimeMs: number,
    private readonly most = MAX_CODES,
  ) {}

  /** A new code for `address`. `nowMs` is of a clock that nobody sets, such as `performance.now()`. */
  issue(topic: string, grant: Grant, address: string, nowMs: number): string {
    for (const issued of this.#codes.values()) {
      if (issued.untilMs > nowMs) break;
      this.#forget(issued);
    }
    const code = randomBytes(24).toString('base64url');
    const owner = [topic, grant.owner, networkOf(address)];
    const issued = { code, topic, grant, owner, untilMs: nowMs + this.lifetimeMs };
    this.#codes.set(code, issued);
    this.#shares.add(owner, issued);
    if (this.#codes.size > this.most) this.#forget(this.#shares.oldestOfMost()!); // there is the new one at least
    return code;
  }

  /**
   * What a code stands for; it is used up, whatever comes of it. `nowMs` as for {@link issue}, `wallMs` is since 1970.
   * Throws {@link TokenError}.
   */
  redeem(code: string, topic: string, nowMs: number, wallMs: number): Grant {
    const issued = this.#codes.get(code);
    if (!issued) throw new TokenError('this code is not known: it was used before, or is too old');
    this.#forget(issued);
    if (issued.untilMs <= nowMs) throw new TokenError('this code is too old');
    if (issued.topic !== topic) throw new TokenError('this code is for another topic');
    if (issued.grant.endsMs <= wallMs) throw new TokenError('this token has expired');
    return issued.grant;
  }

  #forget(issued: Issued): void {
    this.#codes.delete(issued.code);
    this.#shares.delete(issued.owner, issued);
  }
}
