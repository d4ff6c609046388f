// An upload that arrived through Node's HTTP parser: Content-Length, Expect, keep-alive and everything else that is not
// the plain chunked POST that `ingest/raw-upload` handles.

import { jsonText } from '../../http/answer/json.js';
import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { UploadThrottle } from '../../ingest/upload-throttle.js';
import { Upload } from '../../ingest/upload.js';
import type { Feed } from '../../relay/feed/feed.js';
import { LINGER_MS } from '../../http/answer/answers.js';
import { HttpError, problem, PROBLEM_MEDIA_TYPE } from '../../http/answer/problem.js';

/** The answer to a source whose feed was taken over by a newer upload. */
export function supersededProblem(feed: string) {
  return problem(409, 'ERR_SUPERSEDED', `a newer upload publishes feed "${feed}"; this one has ended`);
}

/**
 * Refuses a body that is coded in a way that is not undone here: its bytes would be taken for media. Node's parser undoes
 * the chunked coding, and takes any other in front of it for granted. RFC 9112 §6.1, RFC 9110 §15.5.16.
 */
export function refuseCodings({ headers, httpVersion }: IncomingMessage): void {
  const transfer = headers['transfer-encoding'];
  const accepted = 'accepted: MPEG-TS as it is, with Content-Length or, in HTTP/1.1, Transfer-Encoding: chunked';
  if (transfer !== undefined && httpVersion !== '1.1') {
    throw new HttpError(400, 'ERR_BAD_HTTP', `HTTP/${httpVersion} has no Transfer-Encoding; ${accepted}`);
  }
  if (transfer !== undefined && transfer.trim().toLowerCase() !== 'chunked') {
    throw new HttpError(501, 'ERR_TRANSFER_CODING', `the body's transfer coding is not known here; ${accepted}`);
  }
  if ((headers['content-encoding'] ?? 'identity').trim().toLowerCase() === 'identity') return;
  throw new HttpError(415, 'ERR_CONTENT_CODING', `the body has a Content-Encoding; ${accepted}`, {
    'Accept-Encoding': 'identity',
  });
}

/** Publishes a request's body to `feed` until it ends. */
export function receiveHttpUpload(request: Request, response: Response, feed: Feed): void {
  const { socket } = request;
  const upload = new Upload(feed, `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`, () => {
    pacer.end();
    request.off('data', onData).resume();
    response.set('Connection', 'close').status(409).type(PROBLEM_MEDIA_TYPE);
    response.send(jsonText(supersededProblem(feed.name)));
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  });
  const pacer = new UploadThrottle(feed, request);
  const onData = (bytes: Buffer) => {
    upload.push(bytes);
    pacer.afterPublish(bytes.length);
  };
  request.on('data', onData);
  request.on('end', () => {
    if (!response.headersSent) response.type('json').send(jsonText(upload.end()));
  });
  request.on('close', () => {
    pacer.end();
    upload.end(); // also if it was aborted
  });
  request.on('error', () => undefined); // 'close' follows
}
