// Command lines: the flags that every command has, and a setting per option.

import { parseArgs } from 'node:util';
import type { Setting } from '../src/read-settings.js';

export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** A command line that cannot be read; the message says what is accepted. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What a command line asks for. */
export interface CommandLine {
  readonly options: Readonly<Record<string, string>>;
  /** The flags that are there. */
  readonly flags: ReadonlySet<string>;
  readonly wantsHelp: boolean;
  readonly wantsCheck: boolean;
}

/**
 * Reads `--option value` for each of `options`, `--flag` for each of `flags`, `--help` and `--check-config`. Throws
 * {@link UsageError}.
 */
export function readArguments(
  args: readonly string[],
  options: readonly string[],
  flags: readonly string[] = [],
): CommandLine {
  try {
    const { values } = parseArgs({
      args: [...args],
      strict: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        'check-config': { type: 'boolean' },
        ...Object.fromEntries(options.map((name) => [name, { type: 'string' as const }])),
        ...Object.fromEntries(flags.map((name) => [name, { type: 'boolean' as const }])),
      },
    });
    const { help, 'check-config': check, ...rest } = values as Record<string, string | boolean | undefined>;
    return {
      options: Object.fromEntries(
        Object.entries(rest).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
      ),
      flags: new Set(flags.filter((name) => rest[name] === true)),
      wantsHelp: help === true,
      wantsCheck: check === true,
    };
  } catch (cause) {
    throw new UsageError(`${(cause as Error).message.split('.')[0]!}; --help lists what is accepted`, { cause });
  }
}

/** A line of `--help` for each setting. */
export function settingRows(settings: readonly Setting[]): string[] {
  return settings.map(({ option, env, defaultText, doc }) => {
    return `  --${option.padEnd(20)} ${env.padEnd(23)} ${doc} (${defaultText})`;
  });
}
