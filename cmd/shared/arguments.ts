// Command lines of all commands: one parser, and the exit codes.

import { parseArgs } from 'node:util';
import { closestName } from '../../src/closest.js';
import type { Setting } from '../../src/config/read-settings.js';

export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
/** Exit status if the relay is not reached, refuses the key, or is not a relay. */
export const EXIT_NOT_SERVED = 3;

/** An invalid command line; the message says what is accepted. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The options of a command, beside `--help`. */
export interface OptionSpec {
  /** `--option VALUE`. */
  readonly texts: readonly string[];
  /** `--option`. */
  readonly flags?: readonly string[];
  /** `--option VALUE`, any number of times. */
  readonly lists?: readonly string[];
  /** `--option [NUMBER]`. */
  readonly numbers?: readonly string[];
  /** Whether there may be arguments that are no options; by default none are accepted. */
  readonly positionals?: 'accepted';
}

/** A parsed command line. */
export interface CommandLine {
  /** Texts and numbers; an omitted number is ''. */
  readonly options: Readonly<Record<string, string>>;
  /** The flags that are set, `help` among them. */
  readonly flags: ReadonlySet<string>;
  readonly lists: Readonly<Record<string, readonly string[]>>;
  /** Positional arguments. */
  readonly names: readonly string[];
}

/** Parses a command line. Throws {@link UsageError}. */
export function readOptions(
  args: readonly string[],
  { texts, flags = [], lists = [], numbers = [], positionals }: OptionSpec,
): CommandLine {
  // parseArgs does not allow optional values: an option without one gets an empty value.
  const complete = args.map((arg, i) =>
    isNumberOf(args[i - 1], arg, numbers) ? '' : withNumber(arg, args[i + 1], numbers),
  );
  try {
    const { values, positionals: names } = parseArgs({
      args: complete.filter((arg, i) => arg !== '' || args[i] === ''),
      strict: true,
      allowPositionals: positionals === 'accepted',
      options: {
        help: { type: 'boolean', short: 'h' },
        ...Object.fromEntries([...texts, ...numbers].map((name) => [name, { type: 'string' as const }])),
        ...Object.fromEntries(flags.map((name) => [name, { type: 'boolean' as const }])),
        ...Object.fromEntries(lists.map((name) => [name, { type: 'string' as const, multiple: true }])),
      },
    });
    const all = Object.entries(values as Record<string, string | boolean | string[]>);
    return {
      options: Object.fromEntries(all.filter((pair): pair is [string, string] => typeof pair[1] === 'string')),
      flags: new Set(all.filter(([, value]) => value === true).map(([name]) => name)),
      lists: Object.fromEntries(all.filter((pair): pair is [string, string[]] => Array.isArray(pair[1]))),
      names,
    };
  } catch (cause) {
    throw usageError(cause as Error, [...texts, ...flags, ...lists, ...numbers, 'help']);
  }
}

/** The error for a command line that parseArgs refuses; `options` are the known ones. */
function usageError(cause: Error, options: readonly string[]): UsageError {
  const [message = cause.message] = cause.message.split('.');
  const unknown = /^Unknown option '--([^'=]+)/.exec(message)?.[1];
  if (unknown === 'key') {
    // Its value may be the API key, so it is not quoted.
    const accepted = options.includes('api-key') ? '; the API key is --api-key' : '';
    return new UsageError(`--key is a PEM file, of vw stream and vw serve${accepted}`, { cause });
  }
  const meant = unknown === undefined ? null : closestName(unknown, options);
  const hint = meant === null ? '' : ` (--${meant} was meant?)`;
  return new UsageError(`${message}${hint}; --help lists what is accepted`, { cause });
}

function isNumberOf(option: string | undefined, text: string, numbers: readonly string[]): boolean {
  return numbers.some((name) => option === `--${name}`) && /^[\d.]+$/.test(text);
}

function withNumber(arg: string, next: string | undefined, numbers: readonly string[]): string {
  if (!numbers.some((name) => arg === `--${name}`)) return arg;
  return `${arg}=${next !== undefined && isNumberOf(arg, next, numbers) ? next : ''}`;
}

/** A line of `--help` for each setting. */
export function settingRows(settings: readonly Setting[]): string[] {
  return settings.map(({ option, env, defaultText, doc }) => {
    return `  --${option.padEnd(20)} ${env.padEnd(23)} ${doc} (${defaultText})`;
  });
}
