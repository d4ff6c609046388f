// The limits of relaying and serving: the settings that are marked as such (settings.ts has what each one means).

import { defaultLimits } from './definitions.js';
import type { LimitName } from './settings.js';

/** Every limit of relaying; times in milliseconds. */
export type Limits = Readonly<Record<LimitName<'relay'>, number>>;

/** Every limit of serving; times in milliseconds. */
export interface ServeLimits extends Limits, Readonly<Record<LimitName<'serve'>, number>> {
  /** How long a one-time code is valid. No setting. */
  readonly codeMs: number;
}

export const DEFAULT_LIMITS: Limits = defaultLimits('relay', 'stream');

export const DEFAULT_SERVE_LIMITS: ServeLimits = {
  ...defaultLimits('relay', 'serve'),
  ...defaultLimits('serve', 'serve'),
  codeMs: 30_000, // as in practable's relay
};

/** The limits with `defaults`, as far as `values` has no others. */
export function limitsFrom<T extends Limits>(defaults: T, values: Readonly<Record<string, string | number>>): T {
  const limits: T = { ...defaults };
  return Object.assign(
    limits,
    Object.fromEntries(Object.keys(defaults).flatMap((name) => (name in values ? [[name, Number(values[name])]] : []))),
  );
}
