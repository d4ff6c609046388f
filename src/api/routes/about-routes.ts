// The API's self-description: the list of paths and the OpenAPI document.

import * as z from 'zod';
import { readVersion } from '../../version.js';
import { type OpenApi, openApi, type RelayAccess } from '../openapi/openapi.js';
import { docsPage } from '../openapi/docs-page.js';
import { answer, content, json, type Route } from './route.js';

const linksSchema = z.strictObject({
  version: z.string().describe("vw's"),
  links: z.array(
    z.strictObject({
      name: z.string(),
      href: z.string().describe('a path; {name} is a placeholder'),
      methods: z.array(z.string()),
      summary: z.string(),
    }),
  ),
});

/** What `GET /api` answers. */
export type Links = z.infer<typeof linksSchema>;

/** The routes that describe `others` and themselves. */
export function aboutRoutes(others: readonly Route[], access: RelayAccess): Route[] {
  // Built at the first request: a relay whose document is never requested pays nothing.
  let document: OpenApi | null = null;
  const made = () => (document ??= openApi([...routes, ...others], access));
  const routes: Route[] = [
    {
      name: 'API',
      path: '/api',
      tag: 'Monitoring',
      operations: [
        {
          methods: ['GET'],
          id: 'listLinks',
          summary: 'Lists the paths of the API',
          answer: json('Every path, with what it does.', linksSchema),
          errors: [],
          handlers: [answer(() => linksOf([...routes, ...others]))],
        },
      ],
    },
    {
      name: 'document',
      path: '/api/openapi.json',
      tag: 'Monitoring',
      operations: [
        {
          methods: ['GET'],
          id: 'getDocument',
          summary: 'This document',
          answer: json(
            'OpenAPI 3.1.',
            z.looseObject({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) }),
          ),
          errors: [],
          handlers: [answer(made)],
        },
      ],
    },
    {
      name: 'page of the API',
      path: '/api/docs',
      tag: 'Pages',
      operations: [
        {
          methods: ['GET'],
          id: 'docsPage',
          summary: 'This document as a page for people',
          answer: content('text/html', 'The page.'),
          errors: [],
          handlers: [
            (request, response) => {
              response.type('html').send(docsPage(made(), `${request.protocol}://${request.headers.host ?? ''}`));
            },
          ],
        },
      ],
    },
  ];
  return routes;
}

function linksOf(routes: readonly Route[]): Links {
  const links = routes.map(({ name, path, operations }) => ({
    name,
    href: path,
    methods: operations.flatMap(({ methods }) => methods),
    summary: operations.map(({ summary }) => summary).join('; '),
  }));
  return { version: readVersion(), links };
}
