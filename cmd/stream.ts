// `vw stream`: the relay. Signals and process.exit are used in cmd only.

import { rootCertificates } from 'node:tls';
import { startServer } from '../src/api/server.js';
import { relayPages } from '../src/web/server/relay-pages.js';
import { settings } from '../src/config/stream-config.js';
import type { ProgramLog } from '../src/log/log.js';
import { Relay } from '../src/relay/relay.js';
import type { RuleStore } from '../src/state/rule-store.js';
import { EXIT_FAILED } from './shared/arguments.js';
import { loadStream, type StreamConfig } from './shared/load-config.js';
import { logListening, stopOnSignal, listenErrorMessage } from './shared/lifetime.js';
import { reportError } from './shared/output.js';
import { checkState, restoreRules, StateError } from './shared/saved-rules.js';
import { runServerCommand } from './shared/server-command.js';
import { streamWarnings } from './shared/warnings.js';

export function stream(args: readonly string[]): Promise<void> {
  const about =
    'Receives MPEG-TS at /ts/<feed> over HTTP and sends it to the relay servers that rules name; see docs/rules.md.';
  return runServerCommand(
    {
      name: 'stream',
      addressSettings: { host: 'VW_HOST', port: 'VW_PORT' },
      about,
      settings: settings(),
      load: loadStream,
      warnings: streamWarnings,
      check: ({ state, limits }) => checkState(state, limits),
      run,
    },
    args,
  );
}

async function run(config: StreamConfig, log: ProgramLog): Promise<void> {
  const { authorities, limits } = config;
  const relay = new Relay(limits, log, authorities === null ? {} : { ca: [...rootCertificates, authorities] });
  let store: RuleStore | null = null;
  try {
    const kept = await restoreRules(relay, config.state, log);
    store = kept;
    const server = await startServer(relay, { ...config, store: kept }, relayPages(), log);
    logListening(log, server);
    stopOnSignal(log, async () => {
      // The relay forgets its rules when it closes: what waits is saved before.
      await Promise.all([server.close(), kept.close().finally(() => relay.close())]);
    });
  } catch (error) {
    await store?.close();
    if (error instanceof StateError) {
      reportError(error.message);
      process.exit(EXIT_FAILED);
    }
    const reason = listenErrorMessage(error as Error, config, 'VW_HOST', 'VW_PORT');
    reportError(`cannot listen: ${reason}`);
    process.exit(EXIT_FAILED);
  }
}
