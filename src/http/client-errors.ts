// What is answered to a connection on which Node's parser could not go on reading. RFC 9112 §2.2, RFC 9110 §15.6.2.

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { endSoon, refuse } from './answers.js';
import { throttleOf } from './parser-throttle.js';
import { problem, type Problem } from './problem.js';
import { hasLastAnswer, type Unanswered } from './unanswered.js';

/** What Node tells of it. */
interface ClientError extends Error {
  readonly code?: string;
  /** What the parser was given last, and how far it came. */
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** A line that begins a request, its method a token as long as any that is in use. */
const REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64} [\x21-\x7e]+ HTTP\/\d\.\d\r?$/;

/** Answers what cannot be read, once, when the requests before it are answered. */
export function answerClientErrors(server: Server, unanswered: Unanswered): void {
  const met = new WeakSet<object>();
  server.on('clientError', (error: ClientError, socket: Socket) => {
    const isLast = hasLastAnswer(socket); // nothing more is read of it
    const isEnd = error.code === 'HPE_INVALID_EOF_STATE';
    if (!socket.writable || (isEnd && isLast)) socket.destroy();
    if (met.has(socket) || isLast) return;
    met.add(socket);
    throttleOf(socket)?.hold();
    unanswered.afterThose(socket, () => {
      throttleOf(socket)?.drop();
      if (!socket.writable) return;
      // What is wrong may be in the body of a request that was answered early.
      if (unanswered.hasAnsweredEarly(socket)) endSoon(socket);
      else refuse(socket, problemOfClientError(error));
    });
  });
}

function problemOfClientError({ code, rawPacket, bytesParsed = 0 }: ClientError): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') return problem(431, 'ERR_HEADERS', 'the request head is over 16 KiB');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return problem(408, 'ERR_TIMEOUT', 'the request head took too long');
  if (code === 'HPE_INVALID_METHOD' && rawPacket && beginsRequest(rawPacket, bytesParsed)) {
    return problem(501, 'ERR_UNKNOWN_METHOD', 'HTTP has no such method; methods are written in capitals, e.g. GET');
  }
  return problem(400, 'ERR_BAD_HTTP', 'this is not HTTP/1.1 as it should be');
}

/** Whether the line that the parser stopped in begins a request, but for its method. */
function beginsRequest(bytes: Buffer, stoppedAt: number): boolean {
  const start = bytes.lastIndexOf('\n', Math.max(stoppedAt - 1, 0)) + 1;
  const end = bytes.indexOf('\n', start);
  return REQUEST_LINE.test(bytes.toString('latin1', start, end === -1 ? bytes.length : end));
}
