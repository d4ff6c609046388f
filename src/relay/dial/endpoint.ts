// The three kinds of endpoint: plain; one that expects the token as first message (crossbar); one that grants access in
// exchange for the token over HTTP (practable).

import type { SecureContextOptions } from 'node:tls';
import { requestAccess } from './request-access.js';
import { readTokenEnd } from './faults.js';
import type { Dial } from './reconnecting.js';

/** How an endpoint is reached. */
export interface Endpoint {
  /** The address as it was given, for logs and stats once it is stripped of its query. */
  readonly url: string;
  /** What to dial now; called before each dial. Rejects with the reason, without secrets. */
  nextDial(signal: AbortSignal): Promise<Dial>;
  /** What must not appear in logs, answers or errors, even if the endpoint sends it back. */
  readonly secrets: readonly string[];
  /** To be sent as first message and answered with `{"authorised": true}` before any media; null: nothing is. */
  readonly firstMessage: string | null;
  /** When its token ends, milliseconds since 1970; null: there is none, or it does not say. */
  readonly tokenEndMs: number | null;
}

/** The endpoint of a rule; the rule is valid, so an http(s) address has a token. */
export function endpointOf(
  { destination: url, token }: { readonly destination: string; readonly token?: string },
  tls: SecureContextOptions,
  timeoutMs: number,
): Endpoint {
  const tokenEndMs = token === undefined ? null : readTokenEnd(token);
  if (/^https?:/i.test(url) && token !== undefined) {
    return {
      url,
      secrets: [token],
      firstMessage: null,
      tokenEndMs,
      nextDial: (signal) => requestAccess({ url, token, tls, timeoutMs }, signal),
    };
  }
  const secrets = token === undefined ? [] : [token];
  return { url, secrets, firstMessage: token ?? null, tokenEndMs, nextDial: () => Promise.resolve({ url, tls }) };
}

/** An endpoint's answer to a token. */
export interface AuthorisationReply {
  readonly isAuthorised: boolean;
  readonly reason: string;
}

/** Reads `{"authorised": bool, "reason"}`; `null` if the message is something else. */
export function readAuthorisation(text: string): AuthorisationReply | null {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof answer !== 'object' || answer === null) return null;
  const { authorised, reason } = answer as { authorised?: unknown; reason?: unknown };
  if (typeof authorised !== 'boolean') return null;
  return { isAuthorised: authorised, reason: typeof reason === 'string' ? reason : '' };
}
