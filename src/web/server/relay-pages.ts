// The pages of `vw stream`: `/play/<name>` plays a feed or a stream from `/ws/<name>`.

import type { PageHandler } from '../../http/page-handler.js';
import { parseSourceName, trimName } from '../../relay/rules/rules.js';
import { playerRoutes } from './player-routes.js';

/** Serves the pages. The relay asks for its key before it calls this. */
export function relayPages(): PageHandler {
  return playerRoutes({
    socketPath: '/ws/',
    readName: (name) => parseSourceName(trimName(name)),
    wantsToken: false,
    frameAncestors: [],
  });
}
