// What every server of ours does at its beginning and its end: says why it cannot listen, and stops when it is told to.

import type { Log } from '../src/log.js';
import { EXIT_FAILED } from './arguments.js';

/** How long stopping may take before it is cut short. */
const STOP_MS = 4500;

/** Why a server cannot listen, in words that name the settings. */
export function whyNotListening(
  error: Error & { code?: string },
  { host, port }: { readonly host: string; readonly port: number },
  hostName: string,
  portName: string,
): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `${host}:${port} is in use: another program (or another vw) listens there; ${portName} chooses another port`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${hostName}="${host}" is no address of this machine; accepted: one it has, 127.0.0.1, 0.0.0.0 or ::`;
    case 'EACCES':
      return `port ${port} may not be used by this user; ${portName} chooses another (1024 or more)`;
    default:
      return error.message;
  }
}

/** The first TERM or INT stops in order, the second at once. */
export function stopOnSignal(log: Log, stop: () => Promise<void>): void {
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (isStopping) process.exit(EXIT_FAILED);
    isStopping = true;
    log.info('stopping', { signal });
    const cut = setTimeout(() => {
      log.warn('stopping took too long, ended', { ms: STOP_MS });
      process.exit(0);
    }, STOP_MS);
    stop().then(
      () => {
        clearTimeout(cut);
        log.info('stopped');
        process.exit(0);
      },
      (error: unknown) => {
        log.error('stopping failed', { reason: (error as Error).stack });
        process.exit(EXIT_FAILED);
      },
    );
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
}
