// What each command has of the table of settings.

import {
  type Command,
  type LimitName,
  type SettingRow,
  type ServeName,
  SETTINGS,
  type StreamName,
} from './settings.js';

/** One setting of one command. */
export interface Definition {
  readonly env: string;
  readonly option: string;
  readonly doc: string;
  readonly default: string | number;
  readonly read: (text: string) => string | number;
  readonly isSecret?: true;
}

/** The settings of `vw stream`. */
export const STREAM_SETTINGS = settingsOf('stream') as Readonly<Record<StreamName, Definition>>;
/** The settings of `vw serve`. */
export const SERVE_SETTINGS = settingsOf('serve') as Readonly<Record<ServeName, Definition>>;

function settingsOf(command: Command): Record<string, Definition> {
  const found: Record<string, Definition> = {};
  for (const [name, row] of Object.entries<SettingRow>(SETTINGS)) {
    const source = row[command] ?? row.both;
    if (!source) continue;
    const { option, read, doc, isSecret } = row;
    found[name] = { option, read, doc, ...(isSecret ? { isSecret } : {}), ...source };
  }
  return found;
}

/** A command's defaults of the limits of relaying, or of those that only `vw serve` has. */
export function defaultLimits<L extends 'relay' | 'serve'>(
  kind: L,
  command: Command,
): Readonly<Record<LimitName<L>, number>> {
  const found: Record<string, number> = {};
  for (const [name, row] of Object.entries<SettingRow>(SETTINGS)) {
    const source = row[command] ?? row.both ?? row.stream;
    if (row.limit === kind && source) found[name] = Number(source.default);
  }
  return found as Record<LimitName<L>, number>;
}
