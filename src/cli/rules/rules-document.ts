// All rules of a relay as one JSON document: what GET /api/rules answers, `vw rules export` writes and `import` reads.
// Pure: no I/O. Rules are validated by the relay's own parsers.

import { type MuteRule, parseMuteRule } from '../../relay/rules/mute-rule.js';
import {
  type DestinationRequest,
  parseDestinationRule,
  parseStreamRule,
  type StreamRule,
} from '../../relay/rules/rules.js';
import { RuleError } from '../../errors.js';
import { byName, clean } from '../terminal/text.js';

const PARTS = ['streams', 'destinations', 'mutes'] as const;

/** A destination in a document. */
export interface ExportedDestination {
  readonly rule: DestinationRequest;
  /** Whether the exported rule had a token; the document does not contain the token. */
  readonly isTokenSet: boolean;
}

/** All rules. */
export interface RulesDocument {
  readonly streams: readonly StreamRule[];
  readonly destinations: readonly ExportedDestination[];
  readonly mutes: readonly MuteRule[];
  /** The relay does not know what was muted before a restart; such a document does not say what is muted. */
  readonly mutesUnknown: boolean;
  /** The parts that are missing from the document, as opposed to empty. */
  readonly omittedParts: ReadonlySet<(typeof PARTS)[number]>;
}

/** A document that cannot be used; each of `faults` names what is wrong, where, and what is accepted. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
  constructor(readonly faults: readonly string[]) {
    super(faults.join('\n'));
  }
}

const ACCEPTED_FORM = '{"streams": [...], "destinations": [...], "mutes": [...]} as vw rules export writes it';

/** Parses a document; a missing part is empty and listed as missing. Throws {@link DocumentError} with all faults. */
export function readDocument(document: unknown): RulesDocument {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new DocumentError([`it contains no rules; accepted: ${ACCEPTED_FORM}`]);
  }
  const given = document as Readonly<Record<string, unknown>>;
  const faults = Object.keys(given)
    .filter((part) => part !== 'mutesUnknown' && !(PARTS as readonly string[]).includes(part))
    .map((part) => `"${clean(part).slice(0, 80)}" is not accepted beside the rules; accepted: ${ACCEPTED_FORM}`);
  if (faults.length === 0 && Object.keys(given).length === 0)
    faults.push(`it contains no rules; accepted: ${ACCEPTED_FORM}`);
  const mutesUnknown = given.mutesUnknown === true;
  const found = {
    streams: readPart(given, STREAMS, faults),
    destinations: readPart(given, DESTINATIONS, faults),
    mutes: readPart(given, MUTES, faults),
    mutesUnknown,
    omittedParts: new Set(PARTS.filter((part) => given[part] === undefined || (part === 'mutes' && mutesUnknown))),
  };
  if (faults.length > 0) throw new DocumentError(faults);
  return found;
}

/** How the rules of a part are parsed and named. */
interface PartReader<T> {
  readonly part: (typeof PARTS)[number];
  readonly parse: (rule: unknown) => T;
  readonly nameOf: (rule: T) => string;
}

const STREAMS: PartReader<StreamRule> = {
  part: 'streams',
  parse: parseStreamRule,
  nameOf: ({ stream }) => stream,
};

const DESTINATIONS: PartReader<ExportedDestination> = {
  part: 'destinations',
  parse: readDestination,
  nameOf: ({ rule }) => rule.id,
};

const MUTES: PartReader<MuteRule> = {
  part: 'mutes',
  parse: readMute,
  nameOf: ({ feed }) => feed,
};

/** The rules of a part; what is wrong with them is added to `faults`. */
function readPart<T>(
  document: Readonly<Record<string, unknown>>,
  { part, parse, nameOf }: PartReader<T>,
  faults: string[],
): T[] {
  const rules = document[part] ?? [];
  if (!Array.isArray(rules)) {
    faults.push(`${part}: an array of rules is accepted`);
    return [];
  }
  const seen = new Map<string, number>();
  return rules.flatMap((one: unknown, i) => {
    try {
      const rule = parse(one);
      const before = seen.get(nameOf(rule));
      if (before !== undefined)
        faults.push(`${part}[${i}]: "${nameOf(rule)}" is ${part}[${before}], too; accepted: each once`);
      seen.set(nameOf(rule), i);
      return [rule];
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      faults.push(`${part}[${i}]: ${error.message}`);
      return [];
    }
  });
}

function readDestination(given: unknown): ExportedDestination {
  const rule = parseDestinationRule(given);
  return { rule, isTokenSet: (given as { tokenSet?: boolean }).tokenSet === true };
}

function readMute(given: unknown): MuteRule {
  return parseMuteRule((given as { feed?: unknown } | null)?.feed, given ?? {}); // which refuses an invalid name
}

/** A document as text: one rule a line, sorted by name, so that diff works line by line. */
export function documentText(
  document: Readonly<Record<(typeof PARTS)[number], readonly object[]>> & { readonly mutesUnknown?: true },
): string {
  const parts = PARTS.map((part) => {
    const rules = [...document[part]].sort((a, b) => byName(nameIn(a), nameIn(b)));
    const lines = rules.map((rule) => `\n    ${JSON.stringify(rule)}`);
    return `  "${part}": [${lines.join(',')}${lines.length === 0 ? '' : '\n  '}]`;
  });
  if (document.mutesUnknown) parts.push('  "mutesUnknown": true');
  return `{\n${parts.join(',\n')}\n}\n`;
}

function nameIn(rule: object): string {
  const { id, feed, stream } = rule as { id?: string; feed?: string; stream?: string };
  return id ?? feed ?? stream ?? '';
}
