// The errors in the document of the relay server's API, each once: its status and meaning. A test provokes every one.

import type { ErrorTable } from '../../http/openapi/api-description.js';
import { ANY_REQUEST_ERRORS, ROUTE_ERRORS } from '../../http/openapi/http-errors.js';

/** The codes that no other server of ours has. */
export const SERVE_ERRORS = {
  ERR_BAD_TOPIC: [400, 'The path does not name a topic.'],
  ERR_TOKEN: [401, 'A token is required, or the one in the request is not valid for this; `detail` says why.'],
  ERR_LOOPBACK_ONLY: [403, 'Without a secret, vw serve serves its own machine only.'],
  ERR_TOO_MANY_REFUSALS: [429, 'Too many refused tokens came from that address: wait a minute.'],
} as const satisfies ErrorTable;

const { ERR_BAD_PATH, ERR_ORIGIN, ERR_UPGRADE_REQUIRED } = ROUTE_ERRORS;

/** Each code with its status and meaning, for the document. */
export const SERVE_API_ERRORS = {
  ...SERVE_ERRORS,
  ...ANY_REQUEST_ERRORS,
  ERR_BAD_PATH,
  ERR_ORIGIN,
  ERR_UPGRADE_REQUIRED,
  ERR_HOST: [421, "The host name in the request (Host, or an absolute URL as target) is not one of the server's."],
} as const satisfies ErrorTable;

export type ServeErrorCode = keyof typeof SERVE_API_ERRORS;
