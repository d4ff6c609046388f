// A server's description of itself: the list of its paths, and its OpenAPI document for programs and for people.

import type { RequestHandler } from 'express';
import { readVersion } from '../../version.js';
import type { ApiDescription } from '../openapi/api-description.js';
import type { Links } from '../openapi/about-schemas.js';
import type { OpenApi } from '../openapi/openapi.js';
import { answer, content, json, type Route } from './route.js';

/** Where they are. */
export const DOCUMENT_PATH = '/api/openapi.json';
export const DOCS_PATH = '/api/docs';

/** A server's description, and the policy of its page. */
export interface AboutOptions {
  /** Loads the description when it is asked for. */
  readonly describe: () => Promise<ApiDescription>;
  /** The Content-Security-Policy of the page, which has a style sheet; null: that of every answer. */
  readonly pagePolicy: string | null;
}

/** The routes that describe `others` and themselves. */
export function aboutRoutes(
  others: readonly Route[],
  { describe, pagePolicy }: AboutOptions,
): Route<'Monitoring' | 'Pages', never>[] {
  // Loaded and made at the first request: a server whose document is never requested pays nothing.
  let document: Promise<OpenApi> | null = null;
  const all = () => [...routes, ...others];
  const make = async () => (await import('../openapi/openapi.js')).openApi(all(), await describe());
  const made = () => (document ??= make());
  const sendPage: RequestHandler = async (request, response) => {
    const { docsPage } = await import('../openapi/docs-page.js');
    const { program } = await describe();
    const page = docsPage(await made(), program, `${request.protocol}://${request.headers.host ?? ''}`);
    if (pagePolicy !== null) response.set('Content-Security-Policy', pagePolicy);
    response.type('html').send(page);
  };
  const routes: Route<'Monitoring' | 'Pages', never>[] = [
    listRoute(all),
    {
      name: 'document',
      path: DOCUMENT_PATH,
      tag: 'Monitoring',
      operations: [
        {
          methods: ['GET'],
          id: 'getDocument',
          summary: 'This document',
          answer: json('OpenAPI 3.1.', async () => (await schemas()).documentSchema),
          errors: [],
          handlers: [answer(made)],
        },
      ],
    },
    {
      name: 'page of the API',
      path: DOCS_PATH,
      tag: 'Pages',
      operations: [
        {
          methods: ['GET'],
          id: 'docsPage',
          summary: 'This document as a page for people',
          answer: content('text/html', 'The page.'),
          errors: [],
          handlers: [sendPage],
        },
      ],
    },
  ];
  return routes;
}

/** The list of all paths. */
function listRoute(all: () => readonly Route[]): Route<'Monitoring', never> {
  return {
    name: 'API',
    path: '/api',
    tag: 'Monitoring',
    operations: [
      {
        methods: ['GET'],
        id: 'listLinks',
        summary: 'Lists the paths of the API',
        answer: json('Every path, with what it does.', async () => (await schemas()).linksSchema),
        errors: [],
        handlers: [answer(() => linksOf(all()))],
      },
    ],
  };
}

const schemas = () => import('../openapi/about-schemas.js');

function linksOf(routes: readonly Route[]): Links {
  const links = routes.map(({ name, path, operations }) => ({
    name,
    href: path,
    methods: operations.flatMap(({ methods }) => methods),
    summary: operations.map(({ summary }) => summary).join('; '),
  }));
  return { version: readVersion(), links };
}
