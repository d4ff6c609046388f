// Requests access over HTTP from an endpoint whose kind is asked before each dial; what is asked, and what the answer
// means, is the kind's.

import type { SecureContextOptions } from 'node:tls';
import { callHttp, HttpCallError, type HttpAnswer } from '../../http-client.js';
import { DnsLookup } from './dns-lookup.js';
import { FaultError, faultOf, timeoutFault } from './faults.js';
import { proxyRoute, type ProxyRoute } from './forward-proxy.js';
import type { AccessAnswer, AccessRequest, AccessVerdict, WebSocketTarget } from './kinds/endpoint-kind.js';

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

/** Rejects with a {@link FaultError}. */
async function send(
  { request: { url, ...request }, tls, timeoutMs }: AccessCall,
  route: ProxyRoute | undefined,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const name = new DnsLookup();
  const agent = route ? { agent: route.agent } : {}; // no keep-alive: the next request is far in the future
  try {
    const call = { ...request, timeoutMs, maxAnswerBytes: MAX_ANSWER_BYTES };
    return await callHttp(url, { ...call, ...agent, tls, lookup: name.lookup, signal });
  } catch (cause) {
    route?.cancel(); // before the proxy has answered, its connection outlives the request
    const fault = faultOf(explained(cause as Error, timeoutMs, name));
    const { code, message } = route ? route.explain(fault) : fault;
    throw new FaultError(code, message);
  }
}

/** The error in the words of this request. */
function explained(error: Error, timeoutMs: number, name: DnsLookup): Error {
  if (!(error instanceof HttpCallError)) return error;
  if (error.reason === 'late') return timeoutFaultFor(timeoutMs, name);
  return new Error(error.reason === 'large' ? 'asking for access was answered with far too much' : error.reason);
}

function timeoutFaultFor(timeoutMs: number, name: DnsLookup): FaultError {
  const { code, message } = timeoutFault(timeoutMs, name.isPending ? 'name' : 'answer');
  if (code !== 'no-answer') return new FaultError(code, message);
  return new FaultError(code, `asking for access was not answered within ${timeoutMs / 1000} s`);
}
