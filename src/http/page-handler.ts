// The signature of what serves pages: plain Node, so that both servers can mount it.

import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Answers its own paths, and calls `next` for others. It is called for admitted requests only. The headers that every
 * answer has are already set; it sets a policy of its own where a page needs more.
 */
export type PageHandler = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;
