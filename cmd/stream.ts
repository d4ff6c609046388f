// `vw stream`: the relay. Signals and process.exit are here and nowhere further in.

import { rootCertificates } from 'node:tls';
import { startServer } from '../src/api/server.js';
import { type Config, ConfigError, loadConfig, settings, unknownVariables } from '../src/config.js';
import { createLog } from '../src/log.js';
import { isLoopbackHost, proxyFault } from '../src/relay/proxy.js';
import { Relay } from '../src/relay/relay.js';
import { readVersion } from '../src/version.js';
import { type CommandLine, EXIT_FAILED, EXIT_USAGE, readArguments, settingRows, UsageError } from './arguments.js';
import { stopOnSignal, whyNotListening } from './lifetime.js';
import { warmUp } from './warm-up.js';

export function helpText(): string {
  return [
    'usage: vw stream [--check-config] [--OPTION VALUE ...]',
    '',
    'Takes MPEG-TS at /ts/<feed> over HTTP and sends it to the far ends that rules name; see README.md.',
    'Each setting is an option or an environment variable; the option wins over the variable.',
    '',
    ...settingRows(settings()),
    '',
  ].join('\n');
}

export async function stream(args: readonly string[]): Promise<void> {
  let config: Config;
  let line: CommandLine;
  try {
    line = readArguments(
      args,
      settings().map(({ option }) => option),
    );
    if (line.wantsHelp) {
      process.stdout.write(helpText());
      return;
    }
    config = loadConfig(line.options, process.env);
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

async function run(config: Config): Promise<void> {
  const isTerminal = process.stdout.isTTY;
  const log = createLog(config.logLevel, isTerminal, isTerminal && (process.env.NO_COLOR ?? '') === '');
  for (const variable of unknownVariables(process.env)) log.warn('unknown variable, not used', { variable });
  const fault = proxyFault(process.env);
  if (fault !== null) {
    process.stderr.write(`vw: ${fault}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  if (config.apiKey === null && !isLoopbackHost(config.host)) {
    log.warn('open to everybody who reaches this address: rules, feeds and uploads; VW_API_KEY closes it', {
      host: config.host,
    });
  }
  const relay = new Relay(config.limits, log, config.ca === null ? {} : { ca: [...rootCertificates, config.ca] });
  await warmUp(log);
  try {
    const server = await startServer(relay, config, log);
    log.info('listening', { url: server.url, version: readVersion(), node: process.version, pid: process.pid });
    stopOnSignal(log, async () => {
      await Promise.all([server.close(), relay.close()]);
    });
  } catch (error) {
    const reason = whyNotListening(error as Error, config, 'VW_HOST', 'VW_PORT');
    process.stderr.write(`vw: cannot listen: ${reason}\n`);
    process.exit(EXIT_FAILED);
  }
}
