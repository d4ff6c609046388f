// Errors as HTTP answers: problem documents with a stable code. RFC 9457.

import { STATUS_CODES } from 'node:http';
import { ConflictError, LimitError, NotFoundError, StorageError } from '../../errors.js';
import { RuleError } from '../../errors.js';

/** A problem document; `detail` names what was wrong and what is accepted. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** A request that is refused, with status, code and header fields of the answer. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

export function problem(status: number, code: string, detail: string): Problem {
  return { title: STATUS_CODES[status] ?? 'Error', status, code, detail };
}

/** The problem document of a refused request. */
export function problemOfRefusal({ status, code, message }: HttpError): Problem {
  return problem(status, code, message);
}

/** The answer to an unsupported version of HTTP (RFC 9110 §15.6.6). */
export function unsupportedVersion(version: string): HttpError {
  return new HttpError(505, 'ERR_HTTP_VERSION', `${version} is not supported; accepted: HTTP/1.1, HTTP/1.0`);
}

/** A handler that refuses all methods but these. */
export function allowOnly(...methods: string[]): (request: { readonly method: string }) => never {
  return allowOnlyWithHint('', ...methods);
}

/** The same with a hint at other paths; empty: no hint. */
export function allowOnlyWithHint(
  instead: string,
  ...methods: string[]
): (request: { readonly method: string }) => never {
  const hint = instead === '' ? '' : `; ${instead}`;
  const accepted = (methods.includes('GET') ? [...methods, 'HEAD'] : methods).join(', ');
  return ({ method }) => {
    throw new HttpError(405, 'ERR_METHOD', `${method} is not accepted here; accepted: ${accepted}${hint}`, {
      Allow: accepted,
    });
  };
}

/** The errors of body-parser (http-errors): a status and a type. */
interface BodyError extends Error {
  status?: number;
  type?: string;
}

/** The problem document for an error; `null`: it is an internal error. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof HttpError) return problemOfRefusal(error);
  if (error instanceof RuleError) return problem(400, error.code, error.message);
  if (error instanceof NotFoundError) return problem(404, error.code, error.message);
  if (error instanceof ConflictError) return problem(409, error.code, error.message);
  if (error instanceof LimitError) return problem(503, error.code, error.message);
  if (error instanceof StorageError) return problem(507, error.code, error.message);
  if (error instanceof URIError)
    return problem(400, 'ERR_BAD_PATH', 'the path is not valid: "%" must be followed by two hexadecimal digits');
  const { status, type } = error as BodyError;
  if (type === 'entity.too.large')
    return problem(413, 'ERR_TOO_LARGE', 'the body is too large; accepted: up to 64 KiB, 8 KiB for the login');
  if (type === 'entity.parse.failed') {
    // Without the parser's message: it quotes the body, which may contain a token.
    const at = /position \d+/.exec((error as Error).message)?.[0];
    const where = at === undefined ? '' : ` (at ${at})`;
    return problem(400, 'ERR_BAD_JSON', `the body is not JSON${where}; accepted: one JSON object`);
  }
  if (status === 415) return problem(415, 'ERR_CONTENT_TYPE', `${(error as Error).message}; accepted: JSON in UTF-8`);
  if (status !== undefined && status >= 400 && status < 500) {
    return problem(status, 'ERR_BAD_REQUEST', (error as Error).message);
  }
  return null;
}
