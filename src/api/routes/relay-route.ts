// The routes of the relay's API: their type, their tags, and what only they have in common.

import type { Request } from 'express';
import { HttpError } from '../../http/answer/problem.js';
import { otherPaths, parameterOf, type ResponseSpec, type Route } from '../../http/routes/route.js';
import { trimName } from '../../relay/rules/rules.js';
import { similarName } from '../../relay/rules/similar-name.js';
import type { ErrorCode } from '../openapi/error-codes.js';

/** The parts of the document, in its order. */
export const TAGS = {
  Streams: 'Which feeds make up a stream.',
  Destinations: 'Where feeds and streams are sent.',
  Mutes: 'What is withheld, whatever the rules say.',
  Rules: 'All rules together.',
  Media: 'Publishing and playing.',
  Monitoring: 'The state of the relay.',
  Pages: 'Pages for a browser.',
} as const;

/** A route of the relay. */
export type RelayRoute = Route<keyof typeof TAGS, ErrorCode>;

/** The redirect of a browser without a key. */
export const TO_LOGIN: ResponseSpec = {
  status: 303,
  description: 'Redirects to the login: the browser has sent no key.',
  type: null,
  schema: null,
};

/** The name at the end of the route's path; one leading "/" is dropped. */
export function nameIn(request: Request): string {
  return trimName(parameterOf(request, 'name'));
}

/** The answer to an unknown path; `upload`: the path that an upload there was meant for, null if it is none. */
export function notFoundError(path: string, others: readonly Route[] = [], upload: string | null = null): HttpError {
  const instead = upload === null ? otherPaths(path, others) || similarPath(path, others) : `uploads go to ${upload}`;
  const hint = instead === '' ? '' : `; ${instead}`;
  return new HttpError(404, 'ERR_NO_SUCH_PATH', `there is nothing at ${path}${hint}; GET /api lists the paths`);
}

/** Limits the comparison, which takes quadratic time. */
const MAX_COMPARED = 250;

/** The known path that was probably meant; empty: none. */
function similarPath(path: string, routes: readonly Route[]): string {
  if (path.length > MAX_COMPARED) return '';
  const given = path.split('/');
  // A parameter is the end of a path and may have any value.
  const here = routes.map((route) => {
    const parts = route.path.split('/');
    const at = parts.indexOf('{name}');
    return (at === -1 ? parts : [...parts.slice(0, at), ...given.slice(at)]).join('/');
  });
  const meant = similarName(
    path,
    here.filter((other) => other !== '/'),
  );
  return meant === null ? '' : `did you mean ${meant}?`;
}
