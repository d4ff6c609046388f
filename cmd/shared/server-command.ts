// Shared by the commands that start a server: options, --help, --check-config, the log, and error messages.

import { isatty } from 'node:tty';
import { ConfigError } from '../../src/config/stream-config.js';
import { createLog, type LogLevel, type ProgramLog } from '../../src/log/log.js';
import type { Setting } from '../../src/config/read-settings.js';
import { EXIT_FAILED, EXIT_USAGE, readOptions, settingRows, UsageError } from './arguments.js';
import { listeningFault } from './lifetime.js';
import { reportError, print } from './output.js';
import { environmentWarnings, type Warning, warningText } from './warnings.js';

/** The common part of every server's configuration. */
interface ServerConfig {
  readonly logLevel: LogLevel;
  readonly host: string;
  readonly port: number;
}

/** A command that starts a server. */
export interface ServerCommand<Config extends ServerConfig> {
  readonly name: string;
  /** The settings of its listening address. */
  readonly addressSettings: { readonly host: string; readonly port: string };
  /** Its purpose, a line for `--help`. */
  readonly about: string;
  readonly settings: readonly Setting[];
  /** Throws {@link ConfigError}. */
  readonly load: (options: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv) => Config;
  /** Warnings about a valid configuration. */
  readonly warnings: (config: Config) => readonly Warning[];
  /** What else is wrong with a valid configuration, for --check-config; `fault` null: the command would start. */
  readonly check?: (config: Config) => Promise<{ fault: string | null; warnings: readonly Warning[] }>;
  readonly run: (config: Config, log: ProgramLog) => Promise<void>;
}

/** Runs a command with its arguments. */
export async function runServerCommand<Config extends ServerConfig>(
  command: ServerCommand<Config>,
  args: readonly string[],
): Promise<void> {
  const { settings, load, run } = command;
  let config: Config;
  let warnings: readonly Warning[];
  try {
    const line = readOptions(args, { texts: settings.map(({ option }) => option), flags: ['check-config'] });
    if (line.flags.has('help')) {
      print(helpText(command));
      return;
    }
    config = load(line.options, process.env);
    warnings = [...environmentWarnings(process.env), ...command.warnings(config)];
    if (line.flags.has('check-config')) {
      const found = await command.check?.(config);
      for (const warning of [...warnings, ...(found?.warnings ?? [])]) print(`${warningText(warning)}\n`);
      const { host, port } = command.addressSettings;
      const deaf = await listeningFault(config, host, port);
      const fault = deaf === null ? (found?.fault ?? null) : `cannot listen: ${deaf}`;
      if (fault === null) print('the configuration is valid\n');
      else {
        reportError(fault);
        process.exitCode = EXIT_FAILED;
      }
      return;
    }
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof UsageError)) throw error;
    reportError(error.message);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const isTerminal = isatty(1); // not process.stdout.isTTY, which would make it the stream's
  const colours = (process.env.NO_COLOR ?? '') === '' ? 'coloured' : 'plain';
  const log = createLog(config.logLevel, isTerminal ? colours : 'json');
  for (const { message, facts } of warnings) log.warn(message, facts);
  await run(config, log);
}

function helpText({ name, about, settings }: Pick<ServerCommand<never>, 'name' | 'about' | 'settings'>): string {
  return [
    `usage: vw ${name} [--check-config] [--OPTION VALUE ...]`,
    '',
    about,
    'Each setting is an option or an environment variable; the option wins over the variable.',
    '',
    ...settingRows(settings),
    '',
  ].join('\n');
}
