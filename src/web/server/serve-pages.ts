// The pages of `vw serve`: `/` lists the topics that one may watch, `/play/<topic>` plays one from `/out/<topic>`.

import { RuleError } from '../../errors.js';
import { playerRoutes } from './player-routes.js';
import { topicsPage } from './topics-page.js';
import type { PageHandler } from '../../http/page-handler.js';
import { topicFault } from '../../serve/topics/topic-path.js';

/** The settings that the pages depend on. */
export interface ServePages {
  /** Whether tokens are required. */
  readonly wantsToken: boolean;
  /** Origins whose pages may embed ours in a frame; `*`: all. */
  readonly embedders: readonly string[];
}

/** Our own files and requests to our own server, nothing else. */
const FRONT_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'";

/** Serves the pages. */
export function servePages({ wantsToken, embedders }: ServePages): PageHandler {
  const player = playerRoutes({ socketPath: '/out/', readName: readTopic, wantsToken, frameAncestors: embedders });
  const ancestors = embedders.length === 0 ? "'none'" : embedders.join(' ');
  const policy = `${FRONT_POLICY}; base-uri 'none'; form-action 'none'; frame-ancestors ${ancestors}`;
  return (request, response, next) => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== '/' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      player(request, response, next);
      return;
    }
    response.setHeader('Content-Security-Policy', policy).setHeader('Cache-Control', 'no-store');
    response.setHeader('Referrer-Policy', 'same-origin').setHeader('Content-Type', 'text/html; charset=utf-8');
    response.writeHead(200).end(request.method === 'HEAD' ? undefined : topicsPage(wantsToken ? 'wanted' : 'none'));
  };
}

function readTopic(name: string): string {
  const fault = topicFault(name);
  if (fault !== null) throw new RuleError('ERR_BAD_TOPIC', `the topic in the path is not valid: ${fault}`);
  return name;
}
