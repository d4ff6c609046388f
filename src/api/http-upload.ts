// An upload that arrived through Node's HTTP parser: Content-Length, Expect, keep-alive and everything else that is not
// the plain chunked POST that `ingest/raw-upload` handles.

import { jsonText } from '../http/json.js';
import type { Request, Response } from 'express';
import { UploadThrottle } from '../ingest/upload-throttle.js';
import { Upload } from '../ingest/upload.js';
import type { Feed } from '../relay/feed.js';
import { LINGER_MS } from '../http/answers.js';
import { problem, PROBLEM_TYPE } from '../http/problem.js';

/** The answer to a source whose feed was taken over by a newer upload. */
export function supersededProblem(feed: string) {
  return problem(409, 'ERR_SUPERSEDED', `a newer upload publishes feed "${feed}"; this one has ended`);
}

/** Publishes a request's body to `feed` until it ends. */
export function receiveHttpUpload(request: Request, response: Response, feed: Feed): void {
  const { socket } = request;
  const upload = new Upload(feed, `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`, () => {
    pacer.end();
    request.off('data', onData).resume();
    response.set('Connection', 'close').status(409).type(PROBLEM_TYPE);
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
