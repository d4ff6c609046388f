// A route as data: name, parameters, answers and errors, with its handler. Express's routes, the document (openapi.ts),
// its page and the list at /api are made from these, so that they cannot disagree.

import type { Express, Request, RequestHandler } from 'express';
import type * as z from 'zod';
import { jsonText } from '../answer/json.js';
import { allowOnlyWithHint } from '../answer/problem.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A path and its operations. A server's own type of route names its tags and error codes. */
export interface Route<Tag extends string = string, Code extends string = string> {
  /** A short name, for the API's list of links. */
  readonly name: string;
  /** In OpenAPI's notation. A parameter is the last part of a path, and may contain slashes. */
  readonly path: string;
  /** Which part of the document it belongs to. */
  readonly tag: Tag;
  readonly parameter?: Parameter;
  readonly operations: readonly Operation<Code>[];
  /** Handles methods that none of the operations has; the default is 405. */
  readonly otherwise?: RequestHandler;
  /** Who answers it: the route's handlers, or what serves the server's pages before any route. */
  readonly answeredBy?: 'handlers' | 'pages';
}

/** The variable part of a path. */
export interface Parameter {
  readonly name: string;
  readonly description: string;
  readonly example: string;
}

/** An operation of a path, under one or more methods. */
export interface Operation<Code extends string = string> {
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
  /** Its errors, in addition to those of the guard and the server (ApiDescription). */
  readonly errors: readonly Code[];
  /** Whether the guard accepts any host name: uploads. */
  readonly takesAnyHost?: boolean;
  /** Whether its handlers check a token; they do if the guard leaves that to the routes. */
  readonly needsToken?: boolean;
  readonly handlers: readonly RequestHandler[];
}

/** A schema, or what loads it: then starting costs nothing where nothing else needs zod. */
export type SchemaSource = z.ZodType | (() => Promise<z.ZodType>);

/** The body of a request; `schema` is null for what is not JSON. */
export interface RequestBodySpec {
  readonly type: string;
  readonly schema: SchemaSource | null;
  readonly example?: unknown;
  readonly isOptional?: boolean;
}

/** A response. */
export interface ResponseSpec {
  readonly status: number;
  readonly description: string;
  /** Its media type; null: no content. */
  readonly type: string | null;
  readonly schema: SchemaSource | null;
  readonly example?: unknown;
}

/** Registers a route with express. */
export function mount(app: Express, route: Route, others: readonly Route[]): void {
  const { path, operations, otherwise, answeredBy = 'handlers' } = route;
  if (answeredBy === 'pages') return;
  const mounted = app.route(path.replace(/\{(\w+)\}/, '*$1'));
  for (const { methods, handlers } of operations) {
    for (const method of methods) {
      const name = method.toLowerCase() as Lowercase<Method>;
      mounted[name](...handlers);
    }
  }
  mounted.all(
    otherwise ?? allowOnlyWithHint(otherPaths(path, others), ...operations.flatMap(({ methods }) => methods)),
  );
}

/** Paths with the methods that this one lacks, as a hint: things are set at one path, and listed and deleted at others. */
export function otherPaths(path: string, routes: readonly Route[]): string {
  const at = (wanted: string) => routes.find((other) => other.path === wanted);
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
export function json(message: string, schema: SchemaSource, example?: unknown): ResponseSpec {
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

/** The answer of an upgrade (RFC 6455). */
export const WEBSOCKET_OPEN: ResponseSpec = {
  status: 101,
  description: 'The WebSocket is open (RFC 6455).',
  type: null,
  schema: null,
};

/** Answers with what `of` returns, as JSON. */
export function answer(of: (request: Request) => unknown): RequestHandler {
  return async (request, response) => {
    response.type('json').send(jsonText(await of(request)));
  };
}

/** The value of the parameter at the end of the route's path: its segments, decoded. */
export function parameterOf(request: Request, name: string): string {
  const segments = request.params[name] as unknown as string[]; // a wildcard's value in express 5
  return segments.join('/');
}
