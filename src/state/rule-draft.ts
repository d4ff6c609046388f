// The rules as they will be after changes that are not in force yet: changes are checked against it, and it is what is
// saved.

import type { MuteRule } from '../relay/rules/mute-rule.js';
import type { DestinationRule, StreamRule } from '../relay/rules/rules.js';
import type { RuleSet } from '../relay/rules/rule-set.js';

/** Rules by name, in the order of lists. */
export class RuleDraft {
  readonly streams: Map<string, StreamRule>;
  readonly destinations: Map<string, DestinationRule>;
  readonly mutes: Map<string, MuteRule>;
  mutesUnknown: boolean;

  constructor({ streams, destinations, mutes, mutesUnknown }: RuleSet) {
    this.streams = new Map(streams.map((rule) => [rule.stream, rule]));
    this.destinations = new Map(destinations.map((rule) => [rule.id, rule]));
    this.mutes = new Map(mutes.map((rule) => [rule.feed, rule]));
    this.mutesUnknown = mutesUnknown;
  }

  rules(): RuleSet {
    const { streams, destinations, mutes, mutesUnknown } = this;
    return {
      streams: [...streams.values()],
      destinations: [...destinations.values()],
      mutes: [...mutes.values()],
      mutesUnknown,
    };
  }
}
