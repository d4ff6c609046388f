// The steps that give a relay the rules of a document. Pure: no I/O.

import { shownUrl } from '../../relay/dial/kinds/kind-of.js';
import { missingToken } from '../../relay/rules/endpoint-url.js';
import { EVERY_FEED, isSameMute, type MuteRule, muteStrictness } from '../../relay/rules/mute-rule.js';
import { type DestinationRequest, isSameStream, type StreamRule } from '../../relay/rules/rules.js';
import type { ExportedDestination, RulesDocument } from './rules-document.js';

/** One request that sets or deletes a rule. */
export interface PlanStep {
  readonly verb: 'set' | 'delete';
  /** `stream stream/front`, `destination 1`, `mute audio0`. */
  readonly what: string;
  /** A description of the change. */
  readonly description: string;
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  /** Later steps may only be applied if this one succeeds. */
  readonly isCondition: boolean;
}

/** A rule that is not set or not deleted, and the reason. */
export interface Refusal {
  readonly verb: PlanStep['verb'];
  readonly what: string;
  readonly reason: string;
}

export interface Plan {
  /** In order: mutes come before the rules that send their media, and deletions come last. */
  readonly steps: readonly PlanStep[];
  readonly refusals: readonly Refusal[];
  /** Rules that are already as in the document. */
  readonly unchanged: number;
  /** Rules that are not in the document and stay. */
  readonly others: number;
}

/** Whether rules that are not in the document stay or are deleted. */
export type ImportScope = 'merge' | 'replace';

/** Compares the wanted rules with the existing ones. `tokens`: by destination id. */
export function makePlan(
  wanted: RulesDocument,
  there: RulesDocument,
  tokens: ReadonlyMap<string, string>,
  scope: ImportScope,
): Plan {
  const isReplacing = scope === 'replace';
  const [mutesThere, streamsThere] = [index(there.mutes, muteName), index(there.streams, streamName)];
  const destinationsThere = index(there.destinations, idOf);
  const mutes = wanted.mutes.flatMap((rule) => muteStep(rule, mutesThere.get(rule.feed)));
  const streams = wanted.streams.flatMap((rule) => streamStep(rule, streamsThere.get(rule.stream)));
  const destinations = wanted.destinations.map((noted) => {
    return destinationStep(noted, destinationsThere.get(noted.rule.id), tokens.get(noted.rule.id));
  });
  const refused = destinations.filter((one): one is Refusal => one !== null && 'reason' in one);
  const posted = destinations.filter((one): one is PlanStep => one !== null && 'path' in one);
  const inScope = isReplacing ? withoutParts(there, wanted.omittedParts) : there;
  const deleted = planDeletions(wanted, inScope);
  // A mute that withholds less than the existing one is set after the rules that say where its media goes.
  const early = mutes.filter(({ isCondition }) => isCondition);
  const late = mutes.filter(({ isCondition }) => !isCondition);
  const steps = [...early, ...streams, ...posted, ...late];
  return {
    steps: isReplacing ? [...steps, ...deleted] : steps,
    refusals: refused,
    unchanged: countRules(wanted) - steps.length - refused.length,
    others: isReplacing ? countRules(there) - countRules(inScope) : countOthers(wanted, there),
  };
}

function countRules({ streams, destinations, mutes }: RulesDocument): number {
  return streams.length + destinations.length + mutes.length;
}

/** How many rules of `there` are not in the document. */
function countOthers(wanted: RulesDocument, there: RulesDocument): number {
  return planDeletions(wanted, { ...there, mutesUnknown: false }).length;
}

/** `document` with these parts empty. */
function withoutParts(document: RulesDocument, parts: RulesDocument['omittedParts']): RulesDocument {
  const mutesUnknown = document.mutesUnknown && !parts.has('mutes');
  return { ...document, mutesUnknown, ...Object.fromEntries([...parts].map((part) => [part, []])) };
}

function muteStep(rule: MuteRule, before: MuteRule | undefined): PlanStep[] {
  if (before && isSameMute(before, rule)) return [];
  return [
    {
      verb: 'set',
      what: `mute ${rule.feed}`,
      description: change(describeMute(rule), before && describeMute(before)),
      method: 'PUT',
      path: `/api/mutes/${rule.feed}`,
      body: rule.binary === undefined ? { tracks: rule.tracks } : { tracks: rule.tracks, binary: rule.binary },
      isCondition: before === undefined || muteStrictness(rule) >= muteStrictness(before),
    },
  ];
}

function describeMute({ tracks, binary }: MuteRule): string {
  return binary === 'pass' ? `${tracks}, binary passes` : tracks;
}

function streamStep(rule: StreamRule, before: StreamRule | undefined): PlanStep[] {
  if (before && isSameStream(before, rule)) return [];
  const what = `stream ${rule.stream}`;
  const path = '/api/streams';
  return [
    {
      verb: 'set',
      what,
      description: change(describeStream(rule), before && describeStream(before)),
      method: 'POST',
      path,
      body: rule,
      isCondition: false,
    },
  ];
}

function describeStream({ feeds, trimMs }: StreamRule): string {
  return `${feeds.join(', ') || 'no feeds'}${trimMs ? ` with trimMs ${JSON.stringify(trimMs)}` : ''}`;
}

/** The step for a destination; null: no change is needed. */
function destinationStep(
  { rule, isTokenSet }: ExportedDestination,
  before: ExportedDestination | undefined,
  given: string | undefined,
): PlanStep | Refusal | null {
  const what = `destination ${rule.id}`;
  const token = given ?? rule.token;
  // The relay keeps a token as long as the endpoint stays the same.
  const isKept = token === undefined && before?.isTokenSet === true && before.rule.destination === rule.destination;
  const isWanted = missingToken(rule.destination) !== null || (isTokenSet && token !== null);
  if (isWanted && typeof token !== 'string' && !isKept) {
    return {
      verb: 'set',
      what,
      reason: `its token is not in the file; give it with --tokens FILE, {"${rule.id}": "TOKEN"}`,
    };
  }
  const isTokenNews = typeof token === 'string' || (token === null && before?.isTokenSet === true);
  if (before && isSameRule(rule, before.rule) && !isTokenNews) return null;
  const tokenWords = token === undefined ? '' : token === null ? ', without its token' : ', with its token';
  return {
    verb: 'set',
    what,
    description: `${change(describeDestination({ rule, isTokenSet: isWanted }), before && describeDestination(before))}${tokenWords}`,
    method: 'POST',
    path: '/api/destinations',
    body: token === undefined ? rule : { ...rule, token },
    isCondition: false,
  };
}

function isSameRule(a: DestinationRequest, b: DestinationRequest): boolean {
  return a.stream === b.stream && a.destination === b.destination && (a.swap === 'break') === (b.swap === 'break');
}

/** Without what is secret in its URL, such as a query with a code: this text may be logged. */
function describeDestination({ rule, isTokenSet }: ExportedDestination): string {
  const { stream, destination, token, swap } = rule;
  const url = shownUrl(destination, token ?? (isTokenSet ? '' : null));
  return `${stream} to ${url}${swap === 'break' ? ' with swap break' : ''}`;
}

/** Deletions of what is not in the document: first what sends media, then its mutes. */
function planDeletions(wanted: RulesDocument, there: RulesDocument): PlanStep[] {
  const mutes = namesNotIn(wanted.mutes, there.mutes, muteName);
  // While it is unknown what was muted, every feed is withheld: a document that says what is muted ends that.
  const wasUnknown = there.mutesUnknown && !wanted.mutes.some(({ feed }) => feed === EVERY_FEED);
  return [
    ...namesNotIn(wanted.destinations, there.destinations, idOf).map((id) => deletion('destination', id)),
    ...namesNotIn(wanted.streams, there.streams, streamName).map((name) => deletion('stream', name)),
    ...(wasUnknown ? [...mutes, EVERY_FEED] : mutes).map((feed) => deletion('mute', feed)),
  ];
}

function deletion(kind: 'stream' | 'destination' | 'mute', name: string): PlanStep {
  // All mutes would go with that of every feed, and be missing for a moment.
  const isOfAll = kind === 'mute' && name === EVERY_FEED;
  const path = isOfAll ? '/api/mutes/all?feeds=keep' : `/api/${kind}s/${name}`;
  return { verb: 'delete', what: `${kind} ${name}`, description: '', method: 'DELETE', path, isCondition: false };
}

const muteName = ({ feed }: MuteRule) => feed;
const streamName = ({ stream }: StreamRule) => stream;
const idOf = ({ rule }: ExportedDestination) => rule.id;

function index<T>(all: readonly T[], nameOf: (one: T) => string): ReadonlyMap<string, T> {
  return new Map(all.map((one) => [nameOf(one), one]));
}

function namesNotIn<T>(wanted: readonly T[], there: readonly T[], nameOf: (one: T) => string): string[] {
  const names = new Set(wanted.map(nameOf));
  return there.map(nameOf).filter((name) => !names.has(name));
}

function change(now: string, before: string | undefined): string {
  return before === undefined || before === now ? now : `${now} (was ${before})`;
}
