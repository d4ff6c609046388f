// Asks a relay of the practable kind for access: a POST with the token brings the address of one WebSocket, good once
// and for half a minute. The token is in the request and nowhere else.

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import type { Dial } from './reconnecting.js';
import { inWords } from '../errors.js';
import { proxyWay } from './proxy.js';

const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * POSTs to `url` with the header `Authorization: <token>` and returns the WebSocket address in the answer's `uri`.
 * Rejects, with words that hold neither token nor code, when there is none within `timeoutMs` or when `signal` aborts.
 */
export async function requestAccess(
  url: string,
  token: string,
  tls: SecureContextOptions,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Dial> {
  const { status, body, words } = await post(url, token, tls, timeoutMs, signal);
  if (status < 200 || status > 299) {
    const hint =
      status === 401 || status === 403 ? ': the token is refused' : status >= 300 && status < 400 ? ', a redirect' : '';
    throw new Error(`${words}${hint}`);
  }
  const uri = readUri(body);
  if (uri === null) throw new Error('asking for access was not answered with {"uri": "wss://…"}');
  return { url: uri, tls };
}

function post(
  url: string,
  token: string,
  tls: SecureContextOptions,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ status: number; body: string; words: string }> {
  return new Promise((resolve, reject) => {
    const start = /^https:/i.test(url) ? httpsRequest : httpRequest;
    const way = proxyWay(url, tls);
    const request = start(url, {
      method: 'POST',
      headers: { Authorization: token, Accept: 'application/json', 'Content-Length': 0 },
      agent: way?.agent ?? false, // no connection is kept: the next request is long from now
      ...tls,
    });
    // Not AbortSignal.any: it keeps something with `signal`, which lives as long as the link, for every request.
    const late = setTimeout(() => {
      fail(new Error(`asking for access was not answered within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    const onAbort = () => fail(new Error('called off'));
    signal.addEventListener('abort', onAbort);
    const settle = () => {
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: Error) => {
      settle();
      way?.callOff();
      request.destroy(); // without a word when the proxy has not answered yet
      reject(way ? new Error(way.explain(inWords(error))) : error);
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
        const words = `asking for access was answered with HTTP ${response.statusCode ?? 0}`;
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(pieces).toString(),
          words: way ? way.explain(words) : words,
        });
      });
    });
    request.end();
  });
}

/** The WebSocket address in an answer; `null` if there is none that can be dialled. */
function readUri(body: string): string | null {
  try {
    const { uri } = JSON.parse(body) as { uri?: unknown };
    if (typeof uri !== 'string') return null;
    const url = new URL(uri);
    if ((url.protocol !== 'ws:' && url.protocol !== 'wss:') || url.hostname === '') return null;
    url.hash = ''; // WebSockets have none, and the library throws at it
    return url.href;
  } catch {
    return null;
  }
}
