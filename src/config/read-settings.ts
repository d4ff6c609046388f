// Reads a table of settings from arguments and environment with convict. Arguments take precedence.

import convict from 'convict';
import type { Definition } from './definitions.js';

/** An invalid setting. The message names the variable, the value and what is accepted. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** One setting for `--help` and the reference. */
export interface Setting {
  readonly name: string;
  readonly env: string;
  readonly option: string;
  readonly defaultText: string;
  readonly doc: string;
}

/** Settings by their names in the program, in the order of `--help`. */
export type SettingsTable = Readonly<Record<string, Definition>>;

/** The settings of a table, for people. */
export function describeSettings(table: SettingsTable): Setting[] {
  return Object.entries(table).map(([name, { env, option, default: value, doc }]) => {
    return { name, env, option, defaultText: value === '' ? 'none' : String(value), doc };
  });
}

/**
 * The values of a table's settings by name, from arguments (`{port: '9000'}`, by option name) and environment.
 * Throws {@link ConfigError}.
 */
export function readSettings(
  table: SettingsTable,
  options: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv,
): Record<string, string | number> {
  // An empty variable counts as not set: environment files contain such lines.
  const variables: NodeJS.ProcessEnv = Object.fromEntries(Object.entries(env).filter(([, text]) => text !== ''));
  if (variables.VW_LOGLEVEL !== undefined) variables.VW_LOG_LEVEL ??= variables.VW_LOGLEVEL;
  // Arguments override variables in a copy of the environment: convict's own parser of arguments accepts 0x10 and 1e3.
  for (const { env: variable, option } of Object.values(table)) {
    if (options[option] !== undefined) variables[variable] = options[option];
  }
  const config = convict(schemaOf(table), { env: variables, args: [] });
  try {
    config.validate({ allowed: 'strict' });
  } catch (cause) {
    throw explainBadSetting(table, options, env, cause);
  }
  return config.getProperties();
}

/** A text setting; empty means not set. */
export function textOr(value: string | number | undefined): string | null {
  return value === undefined || value === '' ? null : String(value);
}

function schemaOf(table: SettingsTable): convict.Schema<Record<string, string | number>> {
  const all: convict.Schema<Record<string, string | number>> = {};
  for (const [name, { env, default: value, doc, read }] of Object.entries(table)) {
    const format = `vw ${env}`;
    convict.addFormat({
      name: format,
      validate: (value) => void read(String(value)),
      coerce: passThroughOnError(read),
    });
    all[name] = { doc, default: value, format, env };
  }
  return all;
}

/** Converts valid text; leaves invalid text unchanged, which the validation then refuses. */
function passThroughOnError(read: Definition['read']): (text: unknown) => unknown {
  return (text) => {
    try {
      return read(String(text));
    } catch {
      return text;
    }
  };
}

/** An empty variable counts as not set. */
function notEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** Makes an error that names the variable or option that convict refused, its value, and what is accepted. */
function explainBadSetting(
  table: SettingsTable,
  options: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv,
  cause: unknown,
): ConfigError {
  for (const { env: variable, option, read, isSecret } of Object.values(table)) {
    const places: [string, string | undefined][] = [
      [`--${option}`, options[option]],
      [variable, notEmpty(env[variable])],
      ...(variable === 'VW_LOG_LEVEL'
        ? [['VW_LOGLEVEL', notEmpty(env.VW_LOGLEVEL)] as [string, string | undefined]]
        : []),
    ];
    const [from, text] = places.find(([, given]) => given !== undefined) ?? [variable, undefined];
    if (text === undefined) continue;
    try {
      read(text);
    } catch (fault) {
      const value = isSecret === true ? '(secret)' : `"${text}"`;
      return new ConfigError(`${from}=${value} cannot be used; accepted: ${(fault as Error).message}`, { cause });
    }
  }
  return new ConfigError((cause as Error).message, { cause });
}
