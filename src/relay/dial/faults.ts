// What went wrong with a dial or a link: a stable code, and a message for people.

import type { Fault, FaultCode } from '../events/event.js';

const NOT_TRUSTED = 'its certificate is not trusted';
const AUTHORITY = `${NOT_TRUSTED} (unknown authority); VW_CA names a file of extra authorities`;

/** A TLS server's reaction to a plain request; other servers do it too. */
export const CONNECTION_CLOSED = 'the relay server dropped the connection';
/** A plain address with a TLS server behind it. */
export const TLS_EXPECTED: Fault = {
  code: 'wrong-scheme',
  message: 'it speaks TLS there: use wss:// in place of ws:// (https:// in place of http://)',
};
/** The address is that of a `vw stream` with an API key; it is not an endpoint, and a token in the rule would not help. */
export const IS_RELAY_API: Fault = {
  code: 'refused',
  message:
    "it is the API of a relay (vw stream), which requires that relay's own key (VW_API_KEY), and a rule cannot send one; " +
    'accepted: /in/<topic> of vw serve',
};

/** The system's codes, and those of Node's TLS. */
const SYSTEM: Readonly<Record<string, readonly [FaultCode, string]>> = {
  ECONNREFUSED: ['unreachable', 'connection refused: nothing listens there'],
  EHOSTUNREACH: ['unreachable', 'its address cannot be reached'],
  ENETUNREACH: ['unreachable', 'its network cannot be reached'],
  EADDRNOTAVAIL: ['unreachable', 'its address cannot be reached from this machine'],
  ENOTFOUND: ['unresolvable', 'its name cannot be resolved'],
  EAI_AGAIN: ['unresolvable', 'its name cannot be resolved now (no name server answers)'],
  ETIMEDOUT: ['no-answer', 'no answer from its address'],
  ECONNRESET: ['other', CONNECTION_CLOSED],
  EPIPE: ['other', CONNECTION_CLOSED],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['untrusted', `${NOT_TRUSTED} (self-signed); VW_CA names a file of extra authorities`],
  SELF_SIGNED_CERT_IN_CHAIN: ['untrusted', AUTHORITY],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['untrusted', AUTHORITY],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['untrusted', AUTHORITY],
  UNABLE_TO_GET_ISSUER_CERT: ['untrusted', AUTHORITY],
  CERT_HAS_EXPIRED: ['untrusted', 'its certificate has expired'],
  CERT_NOT_YET_VALID: ['untrusted', "its certificate is not valid yet (is this machine's clock right?)"],
  CERT_REVOKED: ['untrusted', 'its certificate was revoked'],
  CERT_UNTRUSTED: ['untrusted', NOT_TRUSTED],
  CERT_REJECTED: ['untrusted', NOT_TRUSTED],
  CERT_SIGNATURE_FAILURE: ['untrusted', `${NOT_TRUSTED}: its signature is wrong`],
  CERT_CHAIN_TOO_LONG: ['untrusted', `${NOT_TRUSTED}: its chain of authorities is too long`],
  INVALID_CA: ['untrusted', `${NOT_TRUSTED}: its issuer is not an authority`],
  INVALID_PURPOSE: ['untrusted', `${NOT_TRUSTED}: it is not for a server`],
  ERR_TLS_CERT_ALTNAME_INVALID: ['untrusted', 'its certificate is for another name'],
  EPROTO: [
    'wrong-scheme',
    'it does not speak TLS there: use ws:// in place of wss:// (http:// in place of https://), or another port',
  ],
};
/** Faults that occur before the endpoint or a proxy has sent a byte. */
const BEFORE_ANY_ANSWER = new Set<FaultCode>(['unreachable', 'unresolvable']);

/** An error with a known fault code. */
export class FaultError extends Error {
  override readonly name = 'FaultError';
  constructor(
    readonly fault: FaultCode,
    message: string,
  ) {
    super(message);
  }
}

/** The fault for a connection's error; with the error's own message if there is no better one. */
export function faultOf(error: Error & { code?: string; rawPacket?: Uint8Array }): Fault {
  if (error instanceof FaultError) return { code: error.fault, message: error.message };
  if (error.code?.startsWith('HPE_') === true) {
    // RFC 8446 §5.1: an alert.
    return error.rawPacket?.[0] === 0x15 ? TLS_EXPECTED : { code: 'other', message: 'it does not speak HTTP there' };
  }
  const [code, message] = SYSTEM[error.code ?? ''] ?? [];
  if (code !== undefined && message !== undefined) return { code, message };
  return { code: 'other', message: error.message || (error.code ?? error.name) };
}

/** The fault for an endpoint that answers a dial with `status` and `body` instead of a WebSocket. */
export function faultOfUpgrade(status: number, body: string): Fault {
  if (mentionsTls(status, body)) return TLS_EXPECTED;
  if (mentionsKey(status, body)) return IS_RELAY_API;
  const hint = status === 404 ? ' (wrong path?)' : '';
  const message = `it answered HTTP ${status}, not a WebSocket${hint}${parenthesized(readReason(body))}`;
  return { code: faultOfStatus(status), message };
}

/** Whether an answer says that TLS is required, as those of nginx, Apache and Go's servers do. */
export function mentionsTls(status: number, body: string): boolean {
  return status === 400 && /HTTPS (?:port|server)|SSL-enabled server port/i.test(body);
}

/** Whether an answer says that a relay's API key is required. */
export function mentionsKey(status: number, body: string): boolean {
  return (status === 401 || status === 429) && /"code": ?"ERR_(?:KEY|TOO_MANY_KEYS)"/.test(body);
}

/** The text in brackets; empty if there is none. */
export function parenthesized(message: string): string {
  return message === '' ? '' : ` (${message})`;
}

/**
 * The endpoint's own reason for a refusal: RFC 9457's `detail`, practable's `message`; empty: none. Not shortened, because
 * a token in it is recognised only as a whole.
 */
export function readReason(body: string): string {
  try {
    const { message, detail, error } = JSON.parse(body) as Record<string, unknown>;
    const reason = [detail, message, error].find((one) => typeof one === 'string' && one !== '');
    return typeof reason === 'string' ? reason : '';
  } catch {
    return '';
  }
}

/** The fault code for an HTTP error status of an endpoint. */
export function faultOfStatus(status: number): FaultCode {
  if (status === 404) return 'wrong-path';
  return status >= 400 && status < 500 ? 'refused' : 'other';
}

/** The fault for a dial that timed out while it waited for its name to be looked up, or for an answer. */
export function timeoutFault(timeoutMs: number, awaited: 'name' | 'answer'): Fault {
  const within = `within ${timeoutMs / 1000} s`;
  return awaited === 'name'
    ? { code: 'unresolvable', message: `its name was not resolved ${within} (no name server answers)` }
    : { code: 'no-answer', message: `no answer ${within}` };
}

/** Whether it failed before the endpoint or a proxy answered. */
export function isBeforeAnswer({ code }: Fault): boolean {
  return BEFORE_ANY_ANSWER.has(code);
}

/** RFC 6455 §7.4.1; 3000 and 3003 are IANA's unauthorised and forbidden; 4401 and 4403 are HTTP's statuses after a 4. */
const REFUSALS = new Set([1008, 3000, 3003, 4401, 4403]);

/** The fault for a WebSocket that was closed or lost. */
export function faultOfClose(code: number, reason: string): Fault {
  if (code === 1006) return { code: 'lost', message: 'the connection broke off' };
  const isNo = REFUSALS.has(code) || TOKEN_REQUIRED.test(reason);
  return {
    code: isNo ? 'refused' : 'lost',
    message: `the relay server closed it (${code}${reason === '' ? '' : `: ${reason}`})`,
  };
}

/** How an endpoint asks for authentication: HTTP 401, a close code, or its own text. */
const TOKEN_REQUIRED = /\btokens?\b|unauthori[sz]ed|not authori[sz]ed|authenticat|\bHTTP 401\b|\((?:3000|4401)[):]/i;

/** The meaning of a refusal if no token was sent. */
export function withoutToken(fault: Fault): Fault {
  if (fault.code !== 'refused' || !TOKEN_REQUIRED.test(fault.message)) return fault;
  return { code: 'token-required', message: `it requires a token: set "token" in the rule (${fault.message})` };
}

/** When a token expires (`exp` of a JWT, RFC 7519 §4.1.4), milliseconds since 1970; null: never. Nothing is verified. */
export function readTokenEnd(token: string): number | null {
  const [, payload = '', signature, ...more] = token.split('.');
  if (signature === undefined || more.length > 0) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const exp = typeof claims === 'object' && claims !== null ? (claims as { exp?: unknown }).exp : undefined;
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : null;
  } catch {
    return null;
  }
}

/** The meaning of a refusal, or of a lost connection, if the token that was sent has expired. */
export function withToken(fault: Fault, endMs: number | null, nowMs: number): Fault {
  if (endMs === null || nowMs < endMs || (fault.code !== 'refused' && fault.code !== 'lost')) return fault;
  const when = Math.abs(endMs) < 8.64e15 ? ` at ${new Date(endMs).toISOString().slice(0, 19)}Z` : '';
  return { code: 'token-expired', message: `the token has expired${when}: ${fault.message}` };
}
