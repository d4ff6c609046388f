// HTTP requests of ours: to a relay's API, to an endpoint that is asked for access, and the demo's. A request
// follows no redirect, and uses a proxy only if its agent does; `callHttp` has a time-out and a limit of the answer, too.

import { type Agent, type ClientRequest, type OutgoingHttpHeaders, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { SecureContextOptions } from 'node:tls';

/** A request, apart from its body. */
export interface HttpRequest {
  readonly method: string;
  readonly headers?: OutgoingHttpHeaders;
  /** By default a connection of its own, which is closed afterwards. */
  readonly agent?: Agent;
  /** Authorities to trust and the like; with an agent, the agent's own are used as well. */
  readonly tls?: SecureContextOptions;
  readonly lookup?: LookupFunction;
}

/** A request whose answer is read as a whole. */
export interface HttpCall extends HttpRequest {
  readonly body?: string;
  /** From now to the end of the answer. */
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
  /** Calls it off. */
  readonly signal?: AbortSignal;
}

/** An answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  /** Its Content-Type; empty: none. */
  readonly type: string;
  readonly body: string;
}

/** A request that was ended here: `late` is its time-out, `large` the limit of its answer. */
export class HttpCallError extends Error {
  override readonly name = 'HttpCallError';
  constructor(readonly reason: 'late' | 'large' | 'called off') {
    super(`the request was ended: ${reason}`);
  }
}

/** Starts a request to an http:// or https:// address; its body is to be written. */
export function openRequest(url: string, { method, headers, agent, tls, lookup }: HttpRequest): ClientRequest {
  const open = new URL(url).protocol === 'https:' ? httpsRequest : httpRequest;
  return open(url, {
    method,
    agent: agent ?? false,
    ...(headers ? { headers } : {}),
    ...(lookup ? { lookup } : {}),
    ...tls,
  });
}

/**
 * Sends a request and resolves to its answer. Rejects with an {@link HttpCallError}, or with the connection's error; that
 * has `wasReused` if the connection had been used before, so that it may just have been closed.
 */
export function callHttp(url: string, call: HttpCall): Promise<HttpAnswer> {
  const { body, headers, timeoutMs, maxAnswerBytes, signal } = call;
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const request = openRequest(url, { ...call, headers: { ...headers, ...length } });
    // Not AbortSignal.any: each call leaves a reference in `signal`, which may live for months.
    const timer = setTimeout(() => fail(new HttpCallError('late')), timeoutMs);
    const onAbort = () => fail(new HttpCallError('called off'));
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: Error) => {
      settle();
      request.destroy();
      reject(error);
    };
    request.on('error', (error) => fail(Object.assign(error, { wasReused: request.reusedSocket })));
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > maxAnswerBytes) fail(new HttpCallError('large'));
        else parts.push(part);
      });
      response.on('error', fail);
      response.on('end', () => {
        settle();
        const type = response.headers['content-type'] ?? '';
        resolve({ status: response.statusCode ?? 0, type, body: Buffer.concat(parts).toString() });
      });
    });
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted === true) onAbort();
    else request.end(body);
  });
}
