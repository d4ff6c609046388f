// Every rule of a relay, as plain data: what is kept over a restart.

import type { MuteRule } from './mute-rule.js';
import type { DestinationRule, StreamRule } from './rules.js';

/** All rules but the reserved one (`VW_API`), which comes from the settings. */
export interface RuleSet {
  readonly streams: readonly StreamRule[];
  /** With their tokens. */
  readonly destinations: readonly DestinationRule[];
  readonly mutes: readonly MuteRule[];
  /** It is unknown what was muted: the sound of every feed is withheld until the mutes are set. */
  readonly mutesUnknown: boolean;
}

/** The rules of a relay before the first is set. */
export const NO_RULES: RuleSet = { streams: [], destinations: [], mutes: [], mutesUnknown: false };
