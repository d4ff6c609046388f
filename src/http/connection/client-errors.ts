// The answer on a connection whose data Node's parser rejected. RFC 9112 §2.2, RFC 9110 §15.6.2.

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { closeAfterReply, respondWithProblem } from '../answer/answers.js';
import { throttleOf } from './parser-throttle.js';
import { problem, type Problem, problemOfRefusal, unsupportedVersion } from '../answer/problem.js';
import { hasFinalResponse, type PendingResponses } from './pending-responses.js';

/** Node's error of a rejected request. */
interface ClientError extends Error {
  readonly code?: string;
  /** The last data for the parser, and how far it got. */
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** A request line, with a method of at most the length of any in use; captures the version. */
const REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64} [\x21-\x7e]+ (HTTP\/\d\.\d)\r?$/;

const SUPPORTED_VERSION = new Set(['HTTP/1.0', 'HTTP/1.1']);

/** Answers rejected data once, after the requests before it are answered. */
export function answerClientErrors(server: Server, unanswered: PendingResponses): void {
  const met = new WeakSet<object>();
  server.on('clientError', (error: ClientError, socket: Socket) => {
    const isLast = hasFinalResponse(socket); // nothing more is read from it
    const isEnd = error.code === 'HPE_INVALID_EOF_STATE';
    if (!socket.writable || (isEnd && isLast)) socket.destroy();
    if (met.has(socket) || isLast) return;
    met.add(socket);
    throttleOf(socket)?.hold();
    unanswered.whenAllSent(socket, () => {
      throttleOf(socket)?.drop();
      if (!socket.writable) return;
      // The error may be in the body of a request that was answered early.
      if (unanswered.hasAnsweredEarly(socket)) closeAfterReply(socket);
      else respondWithProblem(socket, problemOfClientError(error));
    });
  });
}

function problemOfClientError({ code, rawPacket, bytesParsed = 0 }: ClientError): Problem {
  if (code === 'HPE_HEADER_OVERFLOW')
    return problem(431, 'ERR_HEADERS', 'the request line and header fields exceed 16 KiB');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return problem(408, 'ERR_TIMEOUT', 'the request head took too long');
  const version = rawPacket ? requestVersion(code, rawPacket, bytesParsed) : null;
  if (version !== null && !SUPPORTED_VERSION.has(version)) return problemOfRefusal(unsupportedVersion(version));
  if (version !== null) {
    return problem(501, 'ERR_UNKNOWN_METHOD', 'unknown request method; methods are written in capitals, e.g. GET');
  }
  return problem(400, 'ERR_BAD_HTTP', 'this is not valid HTTP/1.1');
}

/** The version in a rejected request line whose only error is its method or its version; else `null`. */
function requestVersion(code: string | undefined, bytes: Buffer, stoppedAt: number): string | null {
  if (code === 'HPE_PAUSED_H2_UPGRADE') return 'HTTP/2.0'; // the HTTP/2 connection preface (RFC 9113 §3.4)
  if (code !== 'HPE_INVALID_METHOD' && code !== 'HPE_INVALID_VERSION') return null;
  // After a truncated preface the parser stops at the next line.
  const last = code === 'HPE_INVALID_VERSION' ? stoppedAt - 2 : stoppedAt - 1;
  const start = bytes.lastIndexOf('\n', Math.max(last, 0)) + 1;
  const end = bytes.indexOf('\n', start);
  return REQUEST_LINE.exec(bytes.toString('latin1', start, end === -1 ? bytes.length : end))?.[1] ?? null;
}
