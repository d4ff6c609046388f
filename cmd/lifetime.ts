// What every server of ours does at its beginning and its end: says why it cannot listen, and stops when it is told to.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { isatty } from 'node:tty';
import type { ProgramLog } from '../src/log.js';
import { readVersion } from '../src/version.js';
import { EXIT_FAILED } from './arguments.js';

/** How long stopping may take before it is cut short. */
const STOP_MS = 4500;
/** How long whoever reads the log may take for its last lines. */
const FLUSH_MS = 300;

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

/** The line that says that a server listens, and at which addresses it can be opened. */
export function logListening(
  log: ProgramLog,
  server: { readonly url: string; readonly otherUrls: readonly string[] },
): void {
  log.info('listening', {
    url: server.url,
    ...(server.otherUrls.length > 0 ? { otherUrls: server.otherUrls.join(' ') } : {}),
    version: readVersion(),
    node: process.version,
    pid: process.pid,
  });
}

/**
 * Why a server cannot listen there, as {@link whyNotListening} has it; null: it can, or the port is in use, which it is while
 * the server runs. It is tried for a moment.
 */
export async function listeningFault(
  config: { readonly host: string; readonly port: number },
  hostName: string,
  portName: string,
): Promise<string | null> {
  const probe = createServer();
  try {
    probe.listen(config.port, config.host);
    await once(probe, 'listening'); // rejects with an error
    return null;
  } catch (error) {
    const isInUse = (error as { code?: string }).code === 'EADDRINUSE';
    return isInUse ? null : whyNotListening(error as Error, config, hostName, portName);
  } finally {
    probe.close();
  }
}

/** What a program stops on. */
export interface StopSignals {
  readonly signals: readonly NodeJS.Signals[];
  /** What follows the first within this time is the same key pressed: npm hands on what the terminal has sent as well. */
  readonly sameMs: number;
}

/** The first signal stops in order, the second at once; so does calling what is returned. */
export function stopOnSignal(
  log: ProgramLog,
  stop: () => Promise<void>,
  { signals, sameMs }: StopSignals = { signals: ['SIGTERM', 'SIGINT'], sameMs: 0 },
): (signal: NodeJS.Signals) => void {
  let stoppingSince = NaN;
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  const onSignal = (signal: NodeJS.Signals) => {
    if (performance.now() - stoppingSince < sameMs) return;
    if (!Number.isNaN(stoppingSince)) process.exit(EXIT_FAILED);
    stoppingSince = performance.now();
    log.info('stopping', { signal });
    const cut = setTimeout(() => {
      log.warn('stopping took too long, ended', { ms: STOP_MS });
      log.output.flush(FLUSH_MS);
      process.exit(0);
    }, STOP_MS);
    stop().then(
      () => {
        clearTimeout(cut);
        log.info('stopped');
        log.output.flush(FLUSH_MS);
        leave(terminals);
      },
      (error: unknown) => {
        log.error('stopping failed', { reason: (error as Error).stack });
        log.output.flush(FLUSH_MS);
        process.exit(EXIT_FAILED);
      },
    );
  };
  for (const signal of signals) process.on(signal, onSignal);
  return onSignal;
}

/** Ends in order. Node aborts where it cannot set a terminal back that has been closed: then SIGHUP ends it instead. */
function leave(terminals: readonly number[]): void {
  if (!terminals.every((fd) => isatty(fd))) {
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  }
  process.exit(0);
}
