// One-time codes (practable's protocol): each stands for a grant on one topic, is valid once, and for a short time.
// Their number is limited; at the limit the oldest code of the topic, token and address that hold most is dropped. So a
// request for a code is never refused, and a client that requests very many loses its own codes.

import { randomBytes } from 'node:crypto';
import { networkOf } from '../../http/connection/network.js';
import { FairShares } from '../../fairness/fair-shares.js';
import { type Grant, TokenError } from './tokens.js';

/** Unused codes that are kept. */
export const MAX_CODES = 10_000;

interface Issued {
  readonly code: string;
  readonly topic: string;
  readonly grant: Grant;
  readonly owner: readonly string[];
  /** On the monotonic clock. */
  readonly untilMs: number;
}

/** The unused codes. */
export class Codes {
  readonly #codes = new Map<string, Issued>(); // oldest first; all have the same lifetime, so the first expires first
  readonly #shares = new FairShares<Issued>();

  /**
   * @param lifetimeMs how long a code is valid.
   * @param most how many unused codes are kept.
   */
  constructor(
    private readonly lifetimeMs: number,
    private readonly most = MAX_CODES,
  ) {}

  /** Issues a code to `address`. `nowMs` is monotonic time, such as `performance.now()`. */
  issue(topic: string, grant: Grant, address: string, nowMs: number): string {
    for (const issued of this.#codes.values()) {
      if (issued.untilMs > nowMs) break;
      this.#remove(issued);
    }
    const code = randomBytes(24).toString('base64url');
    const owner = [topic, grant.owner, networkOf(address)];
    const issued = { code, topic, grant, owner, untilMs: nowMs + this.lifetimeMs };
    this.#codes.set(code, issued);
    this.#shares.add(owner, issued);
    const oldest = this.#codes.size > this.most ? this.#shares.oldestOfLargest() : null;
    if (oldest) this.#remove(oldest);
    return code;
  }

  /**
   * The grant of a code, which is used up in any case. `nowMs` as for {@link issue}, `wallMs` is since 1970.
   * Throws {@link TokenError}.
   */
  redeem(code: string, topic: string, nowMs: number, wallMs: number): Grant {
    const issued = this.#codes.get(code);
    if (!issued) throw new TokenError('this code is unknown: it has been used, or has expired');
    this.#remove(issued);
    if (issued.untilMs <= nowMs) throw new TokenError('this code has expired');
    if (issued.topic !== topic) throw new TokenError('this code is for another topic');
    if (issued.grant.endsMs <= wallMs) throw new TokenError('this token has expired');
    return issued.grant;
  }

  #remove(issued: Issued): void {
    this.#codes.delete(issued.code);
    this.#shares.delete(issued.owner, issued);
  }
}
