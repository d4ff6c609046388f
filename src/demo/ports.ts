// Finds free ports.

import { createServer } from 'node:net';

/** `port` if it is free on `host`, else 0: any. */
export function freeOr(port: number, host: string): Promise<number> {
  if (port === 0) return Promise.resolve(0);
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(port, host, () => probe.close(() => resolve(port)));
  });
}
