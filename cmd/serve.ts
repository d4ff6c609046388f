// `vw serve`: the far end. Signals and process.exit are in cmd and nowhere further in.

import type { ProgramLog } from '../src/log.js';
import { isLoopbackHost } from '../src/relay/proxy.js';
import { servePages } from '../src/serve/pages.js';
import { guardedBy, startServe } from '../src/serve/server.js';
import { loadServeConfig, type ServeConfig, serveSettings } from '../src/serve-config.js';
import { readVersion } from '../src/version.js';
import { EXIT_FAILED } from './arguments.js';
import { stopOnSignal, whyNotListening } from './lifetime.js';
import { complain } from './output.js';
import { runServerCommand } from './server-command.js';
import { warmUpServe } from './warm-up-serve.js';

/** RFC 7518 §3.2: a key for HS256 is as long as the hash, or longer. */
const GOOD_SECRET_LENGTH = 32;

export function serve(args: readonly string[]): Promise<void> {
  const about =
    'Takes what boards send to /in/<topic> and sends it to everybody at /out/<topic>; see README.md, "A far end".';
  return runServerCommand({ name: 'serve', about, settings: serveSettings(), load: loadServeConfig, run }, args);
}

async function run(config: ServeConfig, log: ProgramLog): Promise<void> {
  warnOfOpenness(config, log);
  await warmUpServe(log);
  try {
    const pages = servePages({ wantsToken: config.secret !== null, embedders: config.embedders });
    const server = await startServe(config, log, pages);
    log.info('listening', { url: server.url, version: readVersion(), node: process.version, pid: process.pid });
    stopOnSignal(log, () => server.close());
  } catch (error) {
    const reason = whyNotListening(error as Error, config, 'VW_SERVE_HOST', 'VW_SERVE_PORT');
    complain(`cannot listen: ${reason}`);
    process.exit(EXIT_FAILED);
  }
}

/** Says what lets in more, or fewer, than somebody may think. */
function warnOfOpenness(config: ServeConfig, log: ProgramLog): void {
  const { host, secret } = config;
  const guarded = guardedBy(config);
  if (guarded === 'open') {
    log.warn('open to everybody who reaches this address: publishing and watching; VW_SERVE_SECRET closes it', {
      host,
    });
  }
  if (guarded === 'loopback' && !isLoopbackHost(host)) {
    log.warn('serves its own machine only, because no VW_SERVE_SECRET is set; VW_SERVE_OPEN=true opens it to all', {
      host,
    });
  }
  if (secret !== null && secret.length < GOOD_SECRET_LENGTH) {
    log.warn('VW_SERVE_SECRET is short: it can be guessed from a token', { wanted: GOOD_SECRET_LENGTH });
  }
}
