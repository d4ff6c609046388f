// Requests access from a practable relay: a POST with the token returns the address of a WebSocket that is valid once, for
// half a minute. The token is sent in this request only.

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import type { Dial } from './reconnecting.js';
import type { Fault } from '../events/event.js';
import {
  FaultError,
  faultOf,
  timeoutFault,
  faultOfStatus,
  parenthesized,
  readReason,
  IS_RELAY_API,
  mentionsKey,
  mentionsTls,
  TLS_EXPECTED,
} from './faults.js';
import { DnsLookup } from './dns-lookup.js';
import { proxyRoute, type ProxyRoute } from './forward-proxy.js';

const MAX_ANSWER_BYTES = 64 * 1024;

/** How to ask for access. */
export interface AccessRequest {
  readonly url: string;
  readonly token: string;
  readonly tls: SecureContextOptions;
  readonly timeoutMs: number;
}

/**
 * POSTs to `url` with the header `Authorization: <token>` and returns the WebSocket address in the answer's `uri`.
 * Rejects if there is none within `timeoutMs` or if `signal` aborts; the message contains neither the token nor the code.
 */
export async function requestAccess(asked: AccessRequest, signal: AbortSignal): Promise<Dial> {
  const { url, tls } = asked;
  const route = proxyRoute(url, tls);
  const { status, body } = await post(asked, route, signal);
  if (status < 200 || status > 299) {
    const isForwarded = route !== undefined && !/^https:/i.test(url);
    const fault = isForwarded ? faultOfForwarded(status, body) : faultOfRefusal(status, body);
    const { code, message } = route ? route.explainAnswer(fault) : fault;
    throw new FaultError(code, message);
  }
  const uri = readUri(body);
  if (uri === null) throw new FaultError('other', 'asking for access was not answered with {"uri": "wss://…"}');
  return { url: uri, tls };
}

/** As {@link faultOfRefusal}, of a request that a proxy forwarded: the answer may be its own. */
function faultOfForwarded(status: number, body: string): Fault {
  const isOfEndpoint = mentionsTls(status, body) || mentionsKey(status, body);
  if (!isOfEndpoint && status === 407)
    return { code: 'unreachable', message: `${answeredWith(status)}: the proxy requires a user and password` };
  if (!isOfEndpoint && status >= 500) {
    const message = `${answeredWith(status)}: the proxy cannot reach the relay server, or that has failed`;
    return { code: 'unreachable', message };
  }
  return faultOfRefusal(status, body, status === 403 ? ', or the proxy does not let this through' : '');
}

/** The fault for an answer that grants no access. `orElse` is another cause than a token that is refused. */
function faultOfRefusal(status: number, body: string, orElse = ''): Fault {
  if (mentionsTls(status, body)) return TLS_EXPECTED;
  if (mentionsKey(status, body)) return IS_RELAY_API;
  const message = answeredWith(status);
  const code = faultOfStatus(status);
  const given = parenthesized(readReason(body));
  if (status === 401 || status === 403) return { code, message: `${message}: the token is refused${orElse}${given}` };
  if (status === 404) return { code, message: `${message} (wrong path?)${given}` };
  return { code, message: status >= 300 && status < 400 ? `${message}, a redirect` : `${message}${given}` };
}

function answeredWith(status: number): string {
  return `asking for access was answered with HTTP ${status}`;
}

function post(
  { url, token, tls, timeoutMs }: AccessRequest,
  route: ProxyRoute | undefined,
  signal: AbortSignal,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const start = /^https:/i.test(url) ? httpsRequest : httpRequest;
    const name = new DnsLookup();
    const request = start(url, {
      method: 'POST',
      headers: { Authorization: token, Accept: 'application/json', 'Content-Length': 0 },
      agent: route?.agent ?? false, // no keep-alive: the next request is far in the future
      lookup: name.lookup,
      ...tls,
    });
    // Not AbortSignal.any: each call leaves a reference in `signal`, which lives as long as the link.
    const late = setTimeout(() => fail(timeoutFaultFor(timeoutMs, name)), timeoutMs);
    const onAbort = () => fail(new Error('called off'));
    signal.addEventListener('abort', onAbort);
    const settle = () => {
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: Error) => {
      settle();
      route?.cancel();
      request.destroy(); // emits nothing if the proxy has not answered yet
      const { code, message } = route ? route.explain(faultOf(error)) : faultOf(error);
      reject(new FaultError(code, message));
    };
    request.on('error', fail);
    request.on('response', (response) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      response.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > MAX_ANSWER_BYTES) fail(new Error('asking for access was answered with far too much'));
        else pieces.push(piece);
      });
      response.on('error', fail);
      response.on('end', () => {
        settle();
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString() });
      });
    });
    request.end();
  });
}

function timeoutFaultFor(timeoutMs: number, name: DnsLookup): FaultError {
  const { code, message } = timeoutFault(timeoutMs, name.isPending ? 'name' : 'answer');
  if (code !== 'no-answer') return new FaultError(code, message);
  return new FaultError(code, `asking for access was not answered within ${timeoutMs / 1000} s`);
}

/** The WebSocket address in an answer; `null` if it contains none that can be dialled. */
function readUri(body: string): string | null {
  try {
    const { uri } = JSON.parse(body) as { uri?: unknown };
    if (typeof uri !== 'string') return null;
    const url = new URL(uri);
    if ((url.protocol !== 'ws:' && url.protocol !== 'wss:') || url.hostname === '') return null;
    url.hash = ''; // a WebSocket URL has none, and the library throws on one
    return url.href;
  } catch {
    return null;
  }
}
