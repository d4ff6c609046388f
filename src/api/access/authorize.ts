// How requests from Node's parser are admitted: access control, CORS, and the time limit of the body.

import { jsonText } from '../../http/answer/json.js';
import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { LINGER_MS } from '../../http/answer/answers.js';
import type { AdmissionRules } from '../../http/server/request-admission.js';
import type { HttpGuard } from '../../http/request/http-guard.js';
import type { RequestInfo } from './key-policy.js';
import { HttpError, problem, PROBLEM_MEDIA_TYPE } from '../../http/answer/problem.js';
import { loginFor } from '../routes/page-routes.js';
import { requestInfo } from '../request.js';

/** The methods that the server supports on some path. */
export const ALLOWED_METHODS = 'GET, HEAD, POST, PUT, DELETE, OPTIONS';

const deadlines = new WeakMap<IncomingMessage, NodeJS.Timeout>();

/** Exempts a request from the time limit of the body: it is an upload, and was admitted. */
export function exemptFromBodyTimeout(request: IncomingMessage): void {
  clearTimeout(deadlines.get(request));
}

/** Admits or refuses requests; lets origins in VW_ALLOWED_ORIGINS read the answer (CORS). */
export function authorization(guard: HttpGuard<RequestInfo>, bodyTimeoutMs: number): AdmissionRules {
  return {
    methods: ALLOWED_METHODS,
    admit: (request, response) => {
      startBodyTimeout(request, response, bodyTimeoutMs);
      const origin = guard.corsOrigin(request.headers.origin);
      // Set before the request is refused: a page of that origin may read why.
      if (origin !== null) {
        response.set({
          'Access-Control-Allow-Origin': origin,
          Vary: 'Origin',
          'Access-Control-Allow-Credentials': 'true',
        });
      }
      try {
        guard.admit(requestInfo(request));
      } catch (error) {
        const isPage = request.method === 'GET' && acceptsHtml(request.headers.accept);
        const login = request.path === '/' ? '/login' : loginFor(request.path);
        if (!(error instanceof HttpError && error.status === 401 && isPage && login !== null)) throw error;
        response.status(303).set('Location', login).end();
        return 'answered';
      }
      return 'admitted';
    },
    share: ({ headers }) => (guard.corsOrigin(headers.origin) === null ? null : PREFLIGHT),
  };
}

const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE',
  'Access-Control-Allow-Headers': 'Content-Type, Authorization',
};

/** Not `request.accepts`, which counts quotation marks in growing prefixes: 20 ms for a field of 16 KiB, without a key. */
function acceptsHtml(accept = '*/*'): boolean {
  const types = accept.split(',').map((range) => {
    const [type = ''] = range.split(';', 1);
    return type.trim().toLowerCase();
  });
  return types.some((type) => type === 'text/html' || type === 'text/*' || type === '*/*');
}

/** Limits the time of a body, also of a refused one, so that slow senders cannot hold connections. */
function startBodyTimeout(request: Request, response: Response, timeoutMs: number): void {
  const { socket } = request;
  const late = setTimeout(() => {
    if (request.complete) return;
    if (response.headersSent) {
      socket.destroy();
      return;
    }
    const document = problem(408, 'ERR_TIMEOUT', 'the request body took too long');
    response.set('Connection', 'close').status(408).type(PROBLEM_MEDIA_TYPE).send(jsonText(document));
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  }, timeoutMs).unref();
  deadlines.set(request, late);
  request.once('close', () => clearTimeout(late));
}
