// The path of a request, as both our servers read it. RFC 3986 §3.3.

import { HttpError } from '../answer/problem.js';

const MAX_SHOWN = 200;

/** The path of a request target, without its query. */
export function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

/** The target without the trailing "/" of its path, which is ignored: `/api/stats/?x` is `/api/stats?x`. */
export function withoutLastSlash(target: string): string {
  const path = pathOf(target);
  // "/" alone stays, and "//" is refused: see refuseEmptySegments.
  if (path.length < 2 || !path.startsWith('/') || !path.endsWith('/') || path.includes('//')) return target;
  return path.slice(0, -1) + target.slice(path.length);
}

/** Throws the {@link HttpError} (404) that answers a path with an empty segment; it names the path that was meant. */
export function refuseEmptySegments(path: string): void {
  if (!path.includes('//')) return;
  const meant = withoutLastSlash(path.replace(/\/{2,}/g, '/'));
  throw new HttpError(
    404,
    'ERR_NO_SUCH_PATH',
    `there is nothing at ${clip(path)}, which has an empty segment ("//"); did you mean ${clip(meant)}?`,
  );
}

function clip(path: string): string {
  return path.length > MAX_SHOWN ? `${path.slice(0, MAX_SHOWN)}…` : path;
}
