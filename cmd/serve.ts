// `vw serve`: the far end. Signals and process.exit are in cmd and nowhere further in.

import { createLog, type Log } from '../src/log.js';
import { ConfigError } from '../src/read-settings.js';
import { isLoopbackHost } from '../src/relay/proxy.js';
import { servePages } from '../src/serve/pages.js';
import { guardedBy, startServe } from '../src/serve/server.js';
import { loadServeConfig, type ServeConfig, serveSettings } from '../src/serve-config.js';
import { unknownVariables } from '../src/config.js';
import { readVersion } from '../src/version.js';
import { type CommandLine, EXIT_FAILED, EXIT_USAGE, readArguments, settingRows, UsageError } from './arguments.js';
import { stopOnSignal, whyNotListening } from './lifetime.js';
import { warmUpServe } from './warm-up-serve.js';

/** RFC 7518 §3.2: a key for HS256 is as long as the hash, or longer. */
const GOOD_SECRET_LENGTH = 32;

function helpText(): string {
  return [
    'usage: vw serve [--check-config] [--OPTION VALUE ...]',
    '',
    'Takes what boards send to /in/<topic> and sends it to everybody at /out/<topic>; see README.md, "A far end".',
    'Each setting is an option or an environment variable; the option wins over the variable.',
    '',
    ...settingRows(serveSettings()),
    '',
  ].join('\n');
}

export async function serve(args: readonly string[]): Promise<void> {
  let config: ServeConfig;
  let line: CommandLine;
  try {
    line = readArguments(
      args,
      serveSettings().map(({ option }) => option),
    );
    if (line.wantsHelp) {
      process.stdout.write(helpText());
      return;
    }
    config = loadServeConfig(line.options, process.env);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof UsageError)) throw error;
    process.stderr.write(`vw: ${error.message}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  if (line.wantsCheck) {
    process.stdout.write('the configuration is good\n');
    return;
  }
  await run(config);
}

async function run(config: ServeConfig): Promise<void> {
  const isTerminal = process.stdout.isTTY;
  const log = createLog(config.logLevel, isTerminal, isTerminal && (process.env.NO_COLOR ?? '') === '');
  for (const variable of unknownVariables(process.env)) log.warn('unknown variable, not used', { variable });
  warnOfOpenness(config, log);
  await warmUpServe(log);
  try {
    const pages = servePages({ wantsToken: config.secret !== null, embedders: config.embedders });
    const server = await startServe(config, log, pages);
    log.info('listening', { url: server.url, version: readVersion(), node: process.version, pid: process.pid });
    stopOnSignal(log, () => server.close());
  } catch (error) {
    process.stderr.write(
      `vw: cannot listen: ${whyNotListening(error as Error, config, 'VW_SERVE_HOST', 'VW_SERVE_PORT')}\n`,
    );
    process.exit(EXIT_FAILED);
  }
}

/** Says what lets in more, or fewer, than somebody may think. */
function warnOfOpenness(config: ServeConfig, log: Log): void {
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
