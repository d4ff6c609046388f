// Checks the key (VW_API_KEY): Bearer, the password of Basic, or the cookie of a login; in constant time. After ten wrong
// keys a minute from one address the answer is 429. RFC 6750, RFC 7617, RFC 6265.

import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { networkOf } from '../../http/connection/network.js';
import { FailedAttempts } from '../../http/request/failed-attempts.js';
import type { Log } from '../../log/log.js';
import { RateLimitedWarning } from '../../log/rate-limited-warning.js';

export const COOKIE_NAME = 'vw_session';
const DAY_MS = 24 * 3_600_000;
const SESSION_MS = 7 * DAY_MS;
const MAX_WRONG = 10;

/** The result of checking a request's credentials. */
export type KeyVerdict = 'good' | 'none' | 'wrong' | 'too many';

/** The key, and the wrong keys of the last minute by address. */
export class KeyGuard {
  readonly #key: Buffer; // its digest: all digests have one length, so that comparing leaks nothing
  readonly #signing: Buffer;
  readonly #wrong = new FailedAttempts(MAX_WRONG);
  readonly #refusals: RateLimitedWarning | null;

  /** @param log gets a line for wrong keys, without any part of the key. */
  constructor(key: string, log: Log | null = null) {
    this.#key = digest(key);
    this.#refusals = log && new RateLimitedWarning(log, 'key refused');
    // Cookies stay valid over a restart, and become invalid when the key is changed.
    this.#signing = createHmac('sha256', key).update('vw session').digest();
  }

  /** Checks the header fields `authorization` and `cookie` of a request from `address`. */
  check(authorization: string | undefined, cookie: string | undefined, address: string, nowMs: number): KeyVerdict {
    if (authorization === undefined) return this.#isSession(cookie, nowMs) ? 'good' : 'none';
    return this.#judge(presentedKey(authorization), address, nowMs);
  }

  /** Checks a key that was typed into the login page. */
  checkKey(key: string, address: string, nowMs: number): KeyVerdict {
    return this.#judge(key, address, nowMs);
  }

  /** Logs that a key from `address` was refused. */
  logRefusal(verdict: 'wrong' | 'too many', address: string): void {
    const reason = verdict === 'wrong' ? 'the key is wrong' : 'too many wrong keys from this address within a minute';
    this.#refusals?.warn({ from: address, reason });
  }

  /** A new cookie's value. */
  newSession(nowMs: number): string {
    const body = `${Math.floor(nowMs + SESSION_MS)}.${randomBytes(9).toString('base64url')}`;
    return `${body}.${this.#sign(body)}`;
  }

  #judge(key: string | null, address: string, nowMs: number): KeyVerdict {
    const network = networkOf(address); // an IPv6 host can guess from any number of addresses
    if (this.#wrong.hasReachedLimit(network, nowMs)) return 'too many';
    if (key !== null && timingSafeEqual(digest(key), this.#key)) return 'good';
    this.#wrong.add(network, nowMs);
    return 'wrong';
  }

  #isSession(cookie: string | undefined, nowMs: number): boolean {
    for (const pair of (cookie ?? '').split(';')) {
      const [name, value] = pair.trim().split('=', 2);
      if (name !== COOKIE_NAME || value === undefined) continue;
      const end = value.lastIndexOf('.');
      const body = value.slice(0, Math.max(end, 0));
      const given = digest(value.slice(end + 1));
      if (timingSafeEqual(given, digest(this.#sign(body))) && isCurrent(Number(body.split('.')[0]), nowMs)) return true;
    }
    return false;
  }

  #sign(body: string): string {
    return createHmac('sha256', this.#signing).update(body).digest('base64url');
  }
}

/** Whether a session is valid. One that began while the clock was a day ahead, and was then corrected, is not. */
function isCurrent(endMs: number, nowMs: number): boolean {
  return endMs > nowMs && endMs - nowMs <= SESSION_MS + DAY_MS;
}

/** The key in an Authorization field; null: it has none. */
function presentedKey(authorization: string): string | null {
  const [scheme = '', value] = authorization.split(/ +/, 2);
  if (value === undefined) return null;
  if (/^bearer$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return null;
  const text = Buffer.from(value, 'base64').toString();
  const colon = text.indexOf(':');
  return colon === -1 ? null : text.slice(colon + 1);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
