// A route of the API as data: name, parameters, answers and errors, with its handler. Express's routes, the document
// (openapi.ts) and the list at /api are made from these, so that they cannot disagree.

import express, { type Express, type Request, type RequestHandler } from 'express';
import type * as z from 'zod';
import { jsonText } from '../../http/answer/json.js';
import { HttpError, allowOnlyWithHint } from '../../http/answer/problem.js';
import { trimName } from '../../relay/rules/rules.js';
import { similarName } from '../../relay/rules/similar-name.js';
import type { ErrorCode } from '../openapi/error-codes.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A path and its operations. */
export interface Route {
  /** A short name, for the API's list of links. */
  readonly name: string;
  /** In OpenAPI's notation. A parameter is the last part of a path, and may contain slashes. */
  readonly path: string;
  /** Which of {@link TAGS} it belongs to. */
  readonly tag: Tag;
  readonly parameter?: Parameter;
  readonly operations: readonly Operation[];
  /** Handles methods that none of the operations has; the default is 405. */
  readonly otherwise?: RequestHandler;
}

/** The variable part of a path. */
export interface Parameter {
  readonly name: string;
  readonly description: string;
  readonly example: string;
}

/** An operation of a path, under one or more methods. */
export interface Operation {
  readonly methods: readonly [Method, ...Method[]];
  /** Its operationId: the name in code that is generated from the document. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** In addition to that of the path; all are optional. */
  readonly parameters?: readonly (Parameter & { readonly in: 'query' | 'header' })[];
  readonly body?: RequestBodySpec;
  readonly answer: ResponseSpec;
  /** Further answers that are not errors, or are not problem documents. */
  readonly others?: readonly ResponseSpec[];
  /** Its errors, in addition to those of the guard and the server (openapi.ts). */
  readonly errors: readonly ErrorCode[];
  /** Whether the guard accepts any host name: uploads. */
  readonly takesAnyHost?: boolean;
  readonly handlers: readonly RequestHandler[];
}

/** The body of a request; `schema` is null for what is not JSON. */
export interface RequestBodySpec {
  readonly type: string;
  readonly schema: z.ZodType | null;
  readonly example?: unknown;
  readonly isOptional?: boolean;
}

/** A response. */
export interface ResponseSpec {
  readonly status: number;
  readonly description: string;
  /** Its media type; null: no content. */
  readonly type: string | null;
  readonly schema: z.ZodType | null;
  readonly example?: unknown;
}

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
export type Tag = keyof typeof TAGS;

/** Registers a route with express. */
export function mount(app: Express, { path, operations, otherwise }: Route, others: readonly Route[]): void {
  const route = app.route(path.replace(/\{(\w+)\}/, '*$1'));
  for (const { methods, handlers } of operations) {
    for (const method of methods) {
      const name = method.toLowerCase() as Lowercase<Method>;
      route[name](...handlers);
    }
  }
  route.all(
    otherwise ?? allowOnlyWithHint(methodNotAllowed(path, others), ...operations.flatMap(({ methods }) => methods)),
  );
}

/** Paths with the methods that this one lacks: rules are set at one path, and listed and deleted at others. */
function methodNotAllowed(path: string, others: readonly Route[]): string {
  const at = (wanted: string) => others.find((other) => other.path === wanted);
  const methodsOf = ({ operations }: Route) => operations.flatMap(({ methods }) => methods).join(', ');
  const setting = path.replace(/\/(?:all|\{name\})$/, '');
  return [...new Set([`${setting}/all`, `${setting}/{name}`, setting])]
    .filter((other) => other !== path)
    .flatMap((other) => {
      const route = at(other);
      return route ? [`${other} has ${methodsOf(route)}`] : [];
    })
    .join('; ');
}

/** A JSON answer. */
export function json(message: string, schema: z.ZodType, example?: unknown): ResponseSpec {
  return {
    status: 200,
    description: message,
    type: 'application/json',
    schema,
    ...(example === undefined ? {} : { example }),
  };
}

/** An answer that is not JSON. */
export function content(type: string, message: string): ResponseSpec {
  return { status: 200, description: message, type, schema: null };
}

/** The redirect of a browser without a key. */
export const TO_LOGIN: ResponseSpec = {
  status: 303,
  description: 'Redirects to the login: the browser has sent no key.',
  type: null,
  schema: null,
};

/** Answers with what `of` returns, as JSON. */
export function answer(of: (request: Request) => unknown): RequestHandler {
  return async (request, response) => {
    response.type('json').send(jsonText(await of(request)));
  };
}

/** The name at the end of the route's path: decoded segments; one leading "/" is dropped. */
export function nameIn(request: Request): string {
  const segments = request.params.name as unknown as string[]; // a wildcard's value in express 5
  return trimName(segments.join('/'));
}

/** The answer to an unknown path; `upload`: the path that an upload there was meant for, null if it is none. */
export function notFoundError(path: string, others: readonly Route[] = [], upload: string | null = null): HttpError {
  const instead =
    upload === null ? methodNotAllowed(path, others) || similarPath(path, others) : `uploads go to ${upload}`;
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

/** Requires a JSON content type: a page's form, which browsers send without a CORS preflight, cannot have it. */
const requireJson: RequestHandler = (request, _response, next) => {
  const given = request.headers['content-type'];
  // Not `request.is`, which rejects JSON if there is no body: a missing body is a bad rule, not a wrong type.
  if (given === undefined || !/^application\/json *(;|$)/i.test(given)) {
    throw new HttpError(
      415,
      'ERR_CONTENT_TYPE',
      `${given === undefined ? 'no content type' : `content type "${given.slice(0, 80)}"`} is not accepted; ` +
        'accepted: a JSON body with the header Content-Type: application/json',
    );
  }
  next();
};

const requireJsonIfAny: RequestHandler = (request, response, next) => {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (hasBody) void requireJson(request, response, next);
  else next();
};

const MAX_BODY_BYTES = 64 * 1024;
const parseJson = express.json({ limit: MAX_BODY_BYTES, strict: false });

/** Handlers that read a required body as JSON; {@link optionalJsonBody} reads an optional one. */
export const jsonBody: readonly RequestHandler[] = [requireJson, parseJson];
export const optionalJsonBody: readonly RequestHandler[] = [requireJsonIfAny, parseJson];
/** Errors of reading a JSON body. */
export const JSON_ERRORS = ['ERR_BAD_JSON', 'ERR_BAD_REQUEST', 'ERR_TOO_LARGE', 'ERR_CONTENT_TYPE'] as const;
