// An endpoint whose first dial waits: after a start, all saved destinations would be dialled in one instant.

import { setTimeout as delay } from 'node:timers/promises';
import type { Endpoint } from './endpoint.js';

/** The endpoint, first dialled after `ms` milliseconds, and then as ever. */
export function dialledLater(endpoint: Endpoint, ms: number): Endpoint {
  if (ms === 0) return endpoint;
  let isFirst = true;
  return {
    ...endpoint,
    nextDial: async (signal) => {
      if (isFirst) {
        isFirst = false;
        await delay(ms, undefined, { signal, ref: false });
      }
      return await endpoint.nextDial(signal);
    },
  };
}
