// A route of the API as data: what it is called, takes, answers and refuses, with the handler that does it. Express's
// routes, the document (openapi.ts) and the list at /api are made from these, so that they cannot disagree.

import express, { type Express, type Request, type RequestHandler } from 'express';
import type * as z from 'zod';
import { jsonText } from '../http/json.js';
import { HttpError, onlyWith } from '../http/problem.js';
import { trimName } from '../relay/rules.js';
import { similarName } from '../relay/similar-name.js';
import type { ErrorCode } from './error-codes.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A path and what can be asked of it. */
export interface Route {
  /** What it is, in a word or two; the API's list of links has it. */
  readonly name: string;
  /** As OpenAPI writes it. A parameter is the last part of a path, and may hold slashes. */
  readonly path: string;
  /** Which of {@link TAGS} it belongs to. */
  readonly tag: Tag;
  readonly parameter?: Parameter;
  readonly operations: readonly Operation[];
  /** Answers what is none of the operations; without it that is 405. */
  readonly otherwise?: RequestHandler;
}

/** The part of a path that varies. */
export interface Parameter {
  readonly name: string;
  readonly description: string;
  readonly example: string;
}

/** One thing that a path does, under one method or several. */
export interface Operation {
  readonly methods: readonly [Method, ...Method[]];
  /** Its name in programs made from the document. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** Beside that of the path; none is required. */
  readonly parameters?: readonly (Parameter & { readonly in: 'query' | 'header' })[];
  readonly body?: Body;
  readonly answer: Answer;
  /** Answers beside that one which are no errors, or are no problem documents. */
  readonly others?: readonly Answer[];
  /** What it may refuse with, beside what the guard and the server do (openapi.ts). */
  readonly errors: readonly ErrorCode[];
  /** Whether the guard lets it in under any name: uploads. */
  readonly takesAnyHost?: boolean;
  readonly handlers: readonly RequestHandler[];
}

/** What a request brings; `schema` is null for what is not JSON. */
export interface Body {
  readonly type: string;
  readonly schema: z.ZodType | null;
  readonly example?: unknown;
  readonly isOptional?: boolean;
}

/** What comes back. */
export interface Answer {
  readonly status: number;
  readonly words: string;
  /** Its media type; null: it has no content. */
  readonly type: string | null;
  readonly schema: z.ZodType | null;
  readonly example?: unknown;
}

/** The parts of the document, in its order. */
export const TAGS = {
  Streams: 'Which feeds make up a stream.',
  Destinations: 'Where feeds and streams are sent.',
  Mutes: 'What goes nowhere, whatever the rules say.',
  Rules: 'All of them together.',
  Media: 'What comes in, and what is played.',
  Seeing: 'What the relay is doing.',
  Pages: 'For people with a browser.',
} as const;
export type Tag = keyof typeof TAGS;

/** Makes express's route of a description. */
export function mount(app: Express, { path, operations, otherwise }: Route, others: readonly Route[]): void {
  const route = app.route(path.replace(/\{(\w+)\}/, '*$1'));
  for (const { methods, handlers } of operations) {
    for (const method of methods) {
      const name = method.toLowerCase() as Lowercase<Method>;
      route[name](...handlers);
    }
  }
  route.all(otherwise ?? onlyWith(insteadOf(path, others), ...operations.flatMap(({ methods }) => methods)));
}

/** Where what a path does not do may be done: rules are set at one path, and listed and deleted at others. */
function insteadOf(path: string, others: readonly Route[]): string {
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
export function json(words: string, schema: z.ZodType, example?: unknown): Answer {
  return { status: 200, words, type: 'application/json', schema, ...(example === undefined ? {} : { example }) };
}

/** An answer that is no JSON. */
export function content(type: string, words: string): Answer {
  return { status: 200, words, type, schema: null };
}

/** Where a browser is led that shows no key. */
export const TO_LOGIN: Answer = {
  status: 303,
  words: 'To the login: a browser shows no key.',
  type: null,
  schema: null,
};

/** Answers with what `of` returns, as JSON. */
export function answer(of: (request: Request) => unknown): RequestHandler {
  return async (request, response) => {
    response.type('json').send(jsonText(await of(request)));
  };
}

/** The name behind the route: path segments, decoded; one leading "/" is dropped. */
export function nameIn(request: Request): string {
  const segments = request.params.name as unknown as string[]; // a wildcard's value in express 5
  return trimName(segments.join('/'));
}

/** The answer to a path that is none; `upload` is where an upload there was meant to go, null if it is none. */
export function noSuchPath(path: string, others: readonly Route[] = [], upload: string | null = null): HttpError {
  const instead = upload === null ? insteadOf(path, others) || similarPath(path, others) : `uploads go to ${upload}`;
  const hint = instead === '' ? '' : `; ${instead}`;
  return new HttpError(404, 'ERR_NO_SUCH_PATH', `there is nothing at ${path}${hint}; GET /api lists what there is`);
}

/** Names are compared in square time. */
const MAX_COMPARED = 250;

/** The path that is likely to be meant; empty: none is. */
function similarPath(path: string, routes: readonly Route[]): string {
  if (path.length > MAX_COMPARED) return '';
  const given = path.split('/');
  // A parameter is the end of a path, and may be anything.
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

/** A body must say that it is JSON; a form that a browser's page can send without asking does not. */
const wantJson: RequestHandler = (request, _response, next) => {
  const given = request.headers['content-type'];
  // Not `request.is`, which says no to JSON where there is no body: that is a bad rule, not another type.
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

const wantJsonIfAny: RequestHandler = (request, response, next) => {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (hasBody) void wantJson(request, response, next);
  else next();
};

const MAX_BODY_BYTES = 64 * 1024;
const parseJson = express.json({ limit: MAX_BODY_BYTES, strict: false });

/** Read the body as JSON: one that must be there, and one that may. */
export const jsonBody: readonly RequestHandler[] = [wantJson, parseJson];
export const optionalJsonBody: readonly RequestHandler[] = [wantJsonIfAny, parseJson];
/** What reading a JSON body may answer. */
export const JSON_ERRORS = ['ERR_BAD_JSON', 'ERR_BAD_REQUEST', 'ERR_TOO_LARGE', 'ERR_CONTENT_TYPE'] as const;
