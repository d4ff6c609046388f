// Requests access over HTTP from an endpoint whose kind is asked before each dial; what is asked, and what the answer
// means, is the kind's.

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { FaultError, faultOf, timeoutFault } from './faults.js';
import { DnsLookup } from './dns-lookup.js';
import { proxyRoute, type ProxyRoute } from './forward-proxy.js';
import type { AccessAnswer, AccessRequest, AccessVerdict, WebSocketTarget } from './kinds/endpoint-kind.js';
import { isSecure } from './transport.js';

const MAX_ANSWER_BYTES = 64 * 1024;

/** How to ask for access. */
export interface AccessCall {
  readonly request: AccessRequest;
  readonly tls: SecureContextOptions;
  readonly timeoutMs: number;
  /** What the answer means. */
  readonly read: (answer: AccessAnswer) => AccessVerdict;
}

/**
 * Sends the request and returns the WebSocket that the answer grants. Rejects if there is none within `timeoutMs` or if
 * `signal` aborts; the message contains nothing of the request.
 */
export async function requestAccess(call: AccessCall, signal: AbortSignal): Promise<WebSocketTarget> {
  const route = proxyRoute(call.request.url, call.tls);
  const { status, body } = await send(call, route, signal);
  const verdict = call.read({ status, body, isForwarded: route?.isForwarding === true });
  if (verdict.verdict === 'accepted') return verdict.target;
  // An answer that could not be read is not the proxy's: it is not named then.
  const isRefusal = status < 200 || status > 299;
  const { code, message } = route && isRefusal ? route.explainAnswer(verdict.fault) : verdict.fault;
  throw new FaultError(code, message);
}

function send(
  { request: asked, tls, timeoutMs }: AccessCall,
  route: ProxyRoute | undefined,
  signal: AbortSignal,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const start = isSecure(new URL(asked.url)) ? httpsRequest : httpRequest;
    const name = new DnsLookup();
    const request = start(asked.url, {
      method: asked.method,
      headers: { ...asked.headers, 'Content-Length': 0 },
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
