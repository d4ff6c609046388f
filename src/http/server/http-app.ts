// What a server answers: the express app that all of ours have in common, made from a table of routes. A request is
// admitted, finds its route, and is refused with a problem document if there is none or it fails.

import express, { type Express, type Request } from 'express';
import { type HeaderPolicy, securityHeaders } from '../answer/security-headers.js';
import type { HttpError } from '../answer/problem.js';
import type { PageHandler } from '../page-handler.js';
import { mount, type Route } from '../routes/route.js';
import { type AdmissionRules, admission } from './request-admission.js';
import { answerErrors, type ErrorAnswers } from './error-answers.js';

/** What differs between our servers. */
export interface HttpAppParts {
  readonly headers: HeaderPolicy;
  readonly admission: AdmissionRules;
  /** Takes its own paths before any route; null: there is none. */
  readonly pages: PageHandler | null;
  readonly routes: readonly Route[];
  /** The answer to a path without a route. */
  readonly unknownPath: (request: Request) => HttpError;
  readonly errors: ErrorAnswers;
}

/** The app of a server. */
export function createHttpApp({
  headers,
  admission: rules,
  pages,
  routes,
  unknownPath,
  errors,
}: HttpAppParts): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing'); // as the guard reads paths
  app.use(securityHeaders(headers), admission(rules));
  if (pages) app.use(pages);
  for (const route of routes) mount(app, route, routes);
  app.use((request: Request) => {
    throw unknownPath(request);
  });
  app.use(answerErrors(errors));
  return app;
}
