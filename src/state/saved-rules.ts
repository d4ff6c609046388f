// The rules that are kept over a restart, as plain data and as text. They are validated by the parsers of the API: a file
// cannot bring what a request could not.

import { RuleError } from '../errors.js';
import { type MuteRule, parseMuteRule } from '../relay/rules/mute-rule.js';
import {
  type DestinationRule,
  parseDestinationRule,
  parseStreamRule,
  resolveDestination,
} from '../relay/rules/rules.js';
import type { RuleSet } from '../relay/rules/rule-set.js';

/** A text that contains no rules. `message` names what is wrong, and no secret. */
export class BadRulesError extends Error {
  override readonly name = 'BadRulesError';
}

// Rules are immutable, and a change writes all of them: with ten thousand this saves the most.
const lines = new WeakMap<object, string>();

function lineOf(rule: object): string {
  let line = lines.get(rule);
  if (line === undefined) {
    line = JSON.stringify(rule);
    lines.set(rule, line);
  }
  return line;
}

/** The rules as JSON, one a line. */
export function rulesText({ streams, destinations, mutes, mutesUnknown }: RuleSet): string {
  const part = (name: string, rules: readonly object[]) =>
    `"${name}":[${rules.map((rule) => `\n${lineOf(rule)}`).join(',')}]`;
  const parts = [part('streams', streams), part('destinations', destinations), part('mutes', mutes)];
  return `{${parts.join(',\n')},\n"mutesUnknown":${String(mutesUnknown)}}\n`;
}

const PARTS = new Set(['streams', 'destinations', 'mutes', 'mutesUnknown']);

/** Parses what {@link rulesText} wrote. Throws {@link BadRulesError}. */
export function readRules(text: string): RuleSet {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    // Without the parser's message: it quotes the text, which has tokens.
    throw new BadRulesError('it is not JSON', { cause });
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new BadRulesError('it contains no rules');
  }
  const stranger = Object.keys(given).find((name) => !PARTS.has(name));
  if (stranger !== undefined) throw new BadRulesError('it contains something else than rules');
  const { streams, destinations, mutes, mutesUnknown } = given as Readonly<Record<string, unknown>>;
  if (typeof mutesUnknown !== 'boolean') throw new BadRulesError('"mutesUnknown" is missing');
  return {
    streams: readPart('streams', streams, parseStreamRule, ({ stream }) => stream),
    destinations: readPart('destinations', destinations, readDestination, ({ id }) => id),
    mutes: readPart('mutes', mutes, readMute, ({ feed }) => feed),
    mutesUnknown,
  };
}

function readDestination(given: unknown): DestinationRule {
  return resolveDestination(parseDestinationRule(given), undefined);
}

function readMute(given: unknown): MuteRule {
  return parseMuteRule((given as { feed?: unknown } | null)?.feed, given ?? {});
}

function readPart<T>(part: string, given: unknown, parse: (rule: unknown) => T, nameOf: (rule: T) => string): T[] {
  if (!Array.isArray(given)) throw new BadRulesError(`"${part}" is missing`);
  const names = new Set<string>();
  return given.map((one: unknown, i) => {
    let rule: T;
    try {
      rule = parse(one);
    } catch (cause) {
      if (!(cause instanceof RuleError)) throw cause;
      // Its code only: its message may quote an address with a key in its query.
      throw new BadRulesError(`${part}[${i}] is not accepted (${cause.code})`, { cause });
    }
    if (names.has(nameOf(rule))) throw new BadRulesError(`${part}[${i}] is there twice`);
    names.add(nameOf(rule));
    return rule;
  });
}
