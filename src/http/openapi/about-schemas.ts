// Schemas of an API's description of itself.

import * as z from 'zod';

export const linksSchema = z.strictObject({
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

export const documentSchema = z.looseObject({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) });
