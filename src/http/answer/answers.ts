// Responses written on the bare socket, where there is no response object: uploads that bypass Node's parser, upgrades,
// and connections without a request. RFC 9112 §4, §9.6.

import type { Duplex } from 'node:stream';
import { jsonText } from './json.js';
import { HttpError, problem, PROBLEM_MEDIA_TYPE, type Problem, problemOf } from './problem.js';

/** How long a sender that was answered early may go on sending before its connection is closed. */
export const LINGER_MS = 1000;

/** Answers with the problem document for `error` and ends the connection. */
export function respondWithError(socket: Duplex, error: unknown): void {
  const headers = error instanceof HttpError ? error.headers : {};
  respondWithProblem(
    socket,
    problemOf(error) ?? problem(500, 'ERR_INTERNAL', 'the relay failed to handle this request; its log has the cause'),
    headers,
  );
}

/** Answers with a problem document and ends the connection. */
export function respondWithProblem(
  socket: Duplex,
  document: Problem,
  headers: Readonly<Record<string, string>> = {},
): void {
  const { status, title } = document;
  respond(socket, { status, title, headers, type: PROBLEM_MEDIA_TYPE, body: jsonText(document) });
}

/** A response as it is written on a bare socket. */
export interface BareResponse {
  readonly status: number;
  /** The reason phrase; 'OK' by default. */
  readonly title?: string;
  /** Fields besides those of the body and of the connection. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body's media type. */
  readonly type: string;
  readonly body: string;
}

/** Answers and ends the connection, so that the answer arrives. */
export function respond(socket: Duplex, { status, title = 'OK', headers = {}, type, body }: BareResponse): void {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  closeAfterReply(
    socket,
    `HTTP/1.1 ${status} ${title}\r\n${fields.join('')}Content-Type: ${type}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** Writes `words`, ends the connection, and discards for a while what still arrives. */
export function closeAfterReply(socket: Duplex, message = ''): void {
  socket.end(message);
  socket.resume();
  const cut = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('end', () => socket.destroy()).once('close', () => clearTimeout(cut));
}
