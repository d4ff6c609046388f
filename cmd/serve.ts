// `vw serve`: the relay server. Signals and process.exit are used in cmd only.

import type { ProgramLog } from '../src/log/log.js';
import { servePages } from '../src/web/server/serve-pages.js';
import { startServe } from '../src/serve/serve-server.js';
import { type ServeConfig, serveSettings } from '../src/config/serve-config.js';
import { EXIT_FAILED } from './shared/arguments.js';
import { loadServe } from './shared/load-config.js';
import { logListening, stopOnSignal, listenErrorMessage } from './shared/lifetime.js';
import { reportError } from './shared/output.js';
import { runServerCommand } from './shared/server-command.js';
import { serveWarnings } from './shared/warnings.js';

export function serve(args: readonly string[]): Promise<void> {
  const about =
    'Receives what boards send to /in/<topic> and sends it to all viewers at /out/<topic>; see docs/relay-server.md.';
  return runServerCommand(
    {
      name: 'serve',
      addressSettings: { host: 'VW_SERVE_HOST', port: 'VW_SERVE_PORT' },
      about,
      settings: serveSettings(),
      load: loadServe,
      warnings: serveWarnings,
      run,
    },
    args,
  );
}

async function run(config: ServeConfig, log: ProgramLog): Promise<void> {
  try {
    const pages = servePages({ wantsToken: config.secret !== null, embedders: config.embedders });
    const server = await startServe(config, log, pages);
    logListening(log, server);
    stopOnSignal(log, () => server.close());
  } catch (error) {
    const reason = listenErrorMessage(error as Error, config, 'VW_SERVE_HOST', 'VW_SERVE_PORT');
    reportError(`cannot listen: ${reason}`);
    process.exit(EXIT_FAILED);
  }
}
