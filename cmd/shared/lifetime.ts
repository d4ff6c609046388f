// The start and end of every server: reports why it cannot listen, and stops on signals.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { isatty } from 'node:tty';
import type { ProgramLog } from '../../src/log/log.js';
import { readVersion } from '../../src/version.js';
import { EXIT_FAILED } from './arguments.js';

/** How long stopping may take before the process exits anyway. */
const STOP_MS = 4500;
/** How long the reader of the log may take for its last lines. */
const FLUSH_MS = 300;

/** Why a server cannot listen, with the names of the settings. */
export function listenErrorMessage(
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
      return `${hostName}="${host}" is not an address of this machine; accepted: one of its addresses, 127.0.0.1, 0.0.0.0 or ::`;
    case 'EACCES':
      return `port ${port} may not be used by this user; ${portName} chooses another (1024 or more)`;
    default:
      return error.message;
  }
}

/** Logs that a server listens, and its URLs. */
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
 * Why a server cannot listen there, as from {@link listenErrorMessage}; null: it can, or the port is in use, as it is while
 * the server runs. It listens for a moment to find out.
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
    return isInUse ? null : listenErrorMessage(error as Error, config, hostName, portName);
  } finally {
    probe.close();
  }
}

/** The signals that stop a program. */
export interface StopSignals {
  readonly signals: readonly NodeJS.Signals[];
  /** Further signals within this time belong to the same key press: npm forwards what the terminal has sent as well. */
  readonly sameMs: number;
}

/** The first signal stops cleanly, the second at once. The returned function does the same as a signal. */
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
        exitCleanly(terminals);
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

/** Exits. Node aborts if it cannot restore a terminal that has been closed: then the process ends itself by SIGHUP. */
function exitCleanly(terminals: readonly number[]): void {
  if (!terminals.every((fd) => isatty(fd))) {
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  }
  process.exit(0);
}
