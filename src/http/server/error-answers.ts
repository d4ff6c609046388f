// The last handler of an app: errors as problem documents, or as a page for a browser that opened the address. RFC 9457.

import type { ErrorRequestHandler, Request } from 'express';
import type { Log } from '../../log/log.js';
import { jsonText } from '../answer/json.js';
import { HttpError, problem, PROBLEM_MEDIA_TYPE, problemOf } from '../answer/problem.js';
import { problemPage } from '../answer/problem-page.js';
import { prefersPage } from '../request/accept.js';

/** What differs between our servers. */
export interface ErrorAnswers {
  /** What the server is called in messages. */
  readonly server: 'relay' | 'server';
  readonly log: Log;
  /** Called with each error before it is answered. */
  readonly onError: (error: unknown, request: Request) => void;
  /** How a page is shown; null: everyone gets the document. */
  readonly page: ErrorPage | null;
}

/** How an error is shown as a page. */
export interface ErrorPage {
  /** Path of its style sheet. */
  readonly stylesheet: string;
  /** Its Content-Security-Policy; null: that of every answer. */
  readonly policy: string | null;
}

/** The handler of errors. */
export function answerErrors({ server, log, onError, page }: ErrorAnswers): ErrorRequestHandler {
  const internal = problem(500, 'ERR_INTERNAL', `the ${server} failed to handle this request; its log has the cause`);
  return (error: unknown, request, response, _next) => {
    const known = problemOf(error);
    if (!known) log.error('request failed', { path: request.path, reason: (error as Error).stack ?? String(error) });
    onError(error, request);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error instanceof HttpError) response.set(error.headers);
    const document = known ?? internal;
    response.status(document.status);
    if (page === null || !isBrowserNavigation(request)) {
      response.type(PROBLEM_MEDIA_TYPE).send(jsonText(document));
      return;
    }
    if (page.policy !== null) response.set('Content-Security-Policy', page.policy);
    response.vary('Accept').type('html').send(problemPage(document, page.stylesheet));
  };
}

/** Whether a browser navigated to the address. */
function isBrowserNavigation({ method, headers }: Request): boolean {
  return (method === 'GET' || method === 'HEAD') && prefersPage(headers.accept);
}
