// What happens to each request before any route: it is admitted or refused, and a preflight request is answered.
// Fetch Standard, "CORS protocol"; RFC 9110 §9.3.7 (OPTIONS).

import type { Request, RequestHandler, Response } from 'express';
import { refuseEmptySegments } from '../request/path.js';
import { WHOLE_SERVER } from '../request/request-target.js';

/** What differs between our servers. */
export interface AdmissionRules {
  /** The methods that the server supports on some path, as in an Allow field. */
  readonly methods: string;
  /** Throws the HttpError that answers a refused request; `answered`: it is answered in another way. */
  readonly admit: (request: Request, response: Response) => 'admitted' | 'answered';
  /** Sets the CORS fields of an answer. Returns those that a preflight request gets besides; null: no other origin reads. */
  readonly share: (request: Request, response: Response) => Readonly<Record<string, string>> | null;
}

/** The first handler of an app. */
export function admission({ methods, admit, share }: AdmissionRules): RequestHandler {
  return (request, response, next) => {
    if (admit(request, response) === 'answered') return;
    if (request.url === WHOLE_SERVER) {
      response.status(204).set('Allow', methods).end();
      return;
    }
    refuseEmptySegments(request.path);
    const preflight = share(request, response);
    if (preflight !== null && request.method === 'OPTIONS') {
      response.set(preflight).status(204).end();
      return;
    }
    if (request.headers.expect !== undefined) response.writeContinue(); // 100 Continue only once the request is admitted
    next();
  };
}
