// Stream rules and destination rules: validated and normalised before anything changes. Plain data; independent of the code
// that applies them. Validation, types and the OpenAPI document are derived from the schemas here.

import * as z from 'zod';
import { RuleError } from '../../errors.js';
import { ACCEPTED_URLS, DOCUMENTED_URLS, endpointUrlFault, MAX_URL_LENGTH, missingToken } from './endpoint-url.js';
import { acceptedFields, clip } from './rule-messages.js';

/** Names of streams begin with this; names of feeds do not. */
export const STREAM_PREFIX = 'stream/';
const MAX_NAME_LENGTH = 200;
/** The most feeds a stream joins. */
export const MAX_FEEDS = 32;
const MAX_TOKEN_LENGTH = 8192;
// Words with a special meaning in the API's paths or in the relay.
const RESERVED_NAMES = new Set(['all', 'deleteAll', 'apiRule', 'api']);
const SEGMENT = /^[A-Za-z0-9._-]+$/;

const NAME_FORM =
  `1 to ${MAX_NAME_LENGTH} characters, segments of A-Z a-z 0-9 . _ - separated by "/" (none "." or ".."), ` +
  `not one of ${[...RESERVED_NAMES].join(', ')}`;

/** Removes one leading "/" of a name: people write `/stream/front`. */
export function trimName(name: string): string {
  return name.startsWith('/') ? name.slice(1) : name;
}

/** Why a name (already trimmed) cannot be used; `null` if it can. */
export function nameFault(name: string): string | null {
  const isGood =
    name.length > 0 &&
    name.length <= MAX_NAME_LENGTH &&
    !RESERVED_NAMES.has(name) &&
    name.split('/').every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..');
  return isGood ? null : `accepted: ${NAME_FORM}`;
}

/** Why this cannot name a feed; `null` if it can. */
export function feedNameFault(name: string): string | null {
  if (isStreamName(name)) return `feeds do not begin with "${STREAM_PREFIX}"`;
  return nameFault(name);
}

/** Whether a name is a stream's. */
export function isStreamName(name: string): boolean {
  return name.startsWith(STREAM_PREFIX);
}

/** Validates a feed's name from a path; returns it without its leading "/". */
export function parseFeedName(text: string): string {
  const name = trimName(text);
  const fault = feedNameFault(name);
  if (fault !== null) throw new RuleError('ERR_BAD_FEED_NAME', `feed "${clip(name)}": ${fault}`);
  return name;
}

/** Validates the name of a feed or of a stream from a path. */
export function parseSourceName(text: string): string {
  const name = trimName(text);
  const fault = nameFault(name);
  if (fault !== null) throw new RuleError('ERR_BAD_NAME', `"${clip(name)}" names no feed or stream: ${fault}`);
  return name;
}

/** The check of `faultOf` as a pattern for the OpenAPI document: a test verifies that the two agree. */
function namePattern(ahead: string, behind = ''): string {
  const reserved = `(?!(?:${[...RESERVED_NAMES].join('|')})(?:#|$))`;
  const noDots = '(?!(?:[^#]*/)?\\.{1,2}(?:[/#]|$))';
  return `^/?(?=[^#]{1,${MAX_NAME_LENGTH}}(?:#|$))${reserved}${ahead}${noDots}[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*${behind}$`;
}

const NO_STREAM = `(?!${STREAM_PREFIX})`;

/** The schema of a name in a rule or a path, with its description for the OpenAPI document. */
export function nameSchema(faultOf: (name: string) => string | null, pattern?: string, description?: string) {
  const event = description === undefined ? {} : { pattern, description: `${description} One leading "/" is removed.` };
  return z
    .string()
    .meta(event)
    .transform(trimName)
    .superRefine((value, context) => {
      const fault = faultOf(value);
      if (fault !== null) context.addIssue({ code: 'custom', message: `"${clip(value)}": ${fault}` });
    });
}

function streamFault(value: string): string | null {
  if (!value.startsWith(STREAM_PREFIX)) return `streams begin with "${STREAM_PREFIX}"`;
  return nameFault(value);
}

/** The part of a feed that a stream uses: all tracks, or those of one kind (`feed#video`, `feed#audio`). */
export type TrackKindFilter = 'all' | 'video' | 'audio';

/** Parses an entry of a rule's `feeds`. */
export function readFeedEntry(entry: string): { feed: string; part: TrackKindFilter } {
  const [feed, part] = entry.split('#') as [string, string?];
  return { feed, part: part === 'video' || part === 'audio' ? part : 'all' };
}

function feedEntryFault(entry: string): string | null {
  const hash = entry.indexOf('#');
  if (hash === -1) return feedNameFault(entry);
  const part = entry.slice(hash + 1);
  if (part !== 'video' && part !== 'audio') return 'only "video" or "audio" may follow "#"';
  return feedNameFault(entry.slice(0, hash));
}

/** The largest correction of a feed's time by a rule. */
const MAX_TRIM_MS = 2000;

/** A field of answers. A rule from an answer may be posted unchanged: the field is accepted and ignored. */
export const SHOWN_IN_ANSWERS = z.unknown().optional().describe('A field of answers; ignored in a request.');

/** A stream rule; {@link parseStreamRule} checks what depends on more than one field. */
export const streamSchema = z.strictObject({
  stream: nameSchema(
    streamFault,
    namePattern(`(?=${STREAM_PREFIX})`),
    `The stream's name; it begins with "${STREAM_PREFIX}".`,
  ),
  feeds: z
    .array(
      nameSchema(
        feedEntryFault,
        namePattern(NO_STREAM, '(?:#(?:video|audio))?'),
        'A feed; "feed#video" and "feed#audio" are parts of it.',
      ),
    )
    .max(MAX_FEEDS, `at most ${MAX_FEEDS} feeds`)
    .describe('The feeds that it joins, in the order of its tracks: each once, or its #video and #audio once each.'),
  trimMs: z
    .record(
      z.string(),
      z.number().min(-MAX_TRIM_MS, `at least -${MAX_TRIM_MS} ms`).max(MAX_TRIM_MS, `at most ${MAX_TRIM_MS} ms`),
    )
    .optional()
    .describe('Time corrections in milliseconds, by feed name; positive is later. Only for feeds of this rule.'),
  similar: SHOWN_IN_ANSWERS,
});

/** A destination rule; {@link parseDestinationRule} checks its address and its token. */
export const destinationSchema = z.strictObject({
  id: nameSchema(nameFault, namePattern(''), "The rule's own name."),
  stream: nameSchema(nameFault, namePattern(''), 'The stream or feed to send; it need not exist yet.'),
  destination: z
    .string()
    .max(MAX_URL_LENGTH, `at most ${MAX_URL_LENGTH} characters`)
    .describe(`The URL to send to: ${DOCUMENTED_URLS}. No fragment or user.`),
  token: z
    .union([z.string().meta({ minLength: 1, maxLength: MAX_TOKEN_LENGTH, pattern: '^[!-~]+$' }), z.null()])
    .optional()
    .meta({
      description:
        'A secret for the relay server. If omitted, the existing token is kept if `destination` is unchanged; null: none.',
      writeOnly: true,
    }),
  tokenSet: z
    .boolean()
    .optional()
    // A rule that was read may be posted unchanged.
    .describe('Shown in answers in place of the token; ignored in a request.'),
  swap: z
    .enum(['make', 'break'], { message: '"make" or "break"' })
    .optional()
    .describe(
      'How to change to another relay server. make (default): connect to it before leaving the old one; break: after.',
    ),
  similar: SHOWN_IN_ANSWERS,
});

/** Which feeds make up a stream, in the order of its tracks. */
export interface StreamRule {
  readonly stream: string;
  /** Names of feeds; `feed#video` and `feed#audio` take only those tracks. */
  readonly feeds: readonly string[];
  /** Corrections of feeds' time in milliseconds; positive is later. */
  readonly trimMs?: Readonly<Record<string, number>>;
}

/** Where a feed or stream is sent. `token` is a secret: no answer and no log contains it. */
export interface DestinationRule {
  readonly id: string;
  /** The name of a stream or of a feed. */
  readonly stream: string;
  /** The URL to send to. */
  readonly destination: string;
  readonly token?: string;
  /**
   * How to change to another endpoint: `break` cuts the old link first; otherwise that is used until the new one has taken
   * over.
   */
  readonly swap?: 'make' | 'break';
}

/** A destination rule as posted: without `token` the existing one is kept, `null` removes it. */
export interface DestinationRequest extends Omit<DestinationRule, 'token'> {
  readonly token?: string | null;
}

/** A destination rule in an answer: without its secret. */
export type ShownDestination = Omit<DestinationRule, 'token'> & { readonly tokenSet?: true };

/** The rule without its secret. */
export function shownDestination({ token, ...rule }: DestinationRule): ShownDestination {
  return token === undefined ? rule : { ...rule, tokenSet: true };
}

/** Validates and normalises a posted stream rule. Throws {@link RuleError}. */
export function parseStreamRule(body: unknown): StreamRule {
  const example = { stream: '"stream/…"', feeds: '["…"]', trimMs: '{"…": -40}', similar: null };
  const rule = checkRule(streamSchema, body, {
    code: 'ERR_BAD_STREAM_RULE',
    what: 'stream rule',
    example: acceptedFields(streamSchema, example),
  });
  const entries = rule.feeds.map(readFeedEntry);
  entries.forEach(({ feed, part }, index) => {
    const before = entries
      .slice(0, index)
      .find((e) => e.feed === feed && (e.part === part || e.part === 'all' || part === 'all'));
    if (!before) return;
    throw new RuleError(
      'ERR_DUPLICATE_FEED',
      `stream "${rule.stream}": feed "${feed}" is named twice; accepted: each feed once, or its #video and #audio once each`,
    );
  });
  const { stream, feeds, trimMs } = rule;
  const plain = { stream, feeds };
  if (trimMs === undefined) return plain;
  if (Object.hasOwn((body as { trimMs: object }).trimMs, '__proto__')) {
    // zod leaves this key out of a record without a word.
    throw new RuleError(
      'ERR_BAD_TRIM',
      `stream "${rule.stream}": trimMs names "__proto__", which cannot be corrected; accepted: other feeds of the rule`,
    );
  }
  // Names are trimmed here as they are in the list.
  const trims = Object.entries(trimMs).map(([feed, ms]) => [trimName(feed), ms] as const);
  const stranger = trims.find(([feed]) => !entries.some((entry) => entry.feed === feed));
  if (stranger) {
    throw new RuleError(
      'ERR_BAD_TRIM',
      `stream "${rule.stream}": trimMs names "${clip(stranger[0])}"; accepted: feeds of the rule, e.g. {"${entries[0]?.feed ?? 'audio0'}": -40}`,
    );
  }
  return { ...plain, trimMs: Object.fromEntries(trims) };
}

/** Validates and normalises a posted destination rule. Throws {@link RuleError}. */
export function parseDestinationRule(body: unknown): DestinationRequest {
  const example = acceptedFields(destinationSchema, {
    id: '"…"',
    stream: '"…"',
    destination: '"wss://…"',
    token: '"…"',
    tokenSet: null,
    swap: '"make" or "break"',
    similar: null,
  });
  const rule = checkRule(destinationSchema, body, {
    code: 'ERR_BAD_DESTINATION_RULE',
    what: 'destination rule',
    example,
  });
  const { id, stream, destination, token, swap } = rule;
  checkUrl(id, destination);
  const request = { id, stream, destination, ...(swap === undefined ? {} : { swap }) };
  if (token === undefined) return request;
  checkToken(id, token);
  return { ...request, token };
}

/** The rule that results from a request and the existing rule. Throws {@link RuleError}. */
export function resolveDestination(request: DestinationRequest, before: DestinationRule | undefined): DestinationRule {
  const { token: given, ...plain } = request;
  const { id, destination } = plain;
  // A token belongs to an endpoint: it is not kept when the rule names another one.
  const kept = before?.destination === destination ? before.token : undefined;
  const token = given === undefined ? kept : (given ?? undefined);
  const missing = token === undefined ? missingToken(destination) : null;
  if (missing) {
    throw new RuleError(
      'ERR_TOKEN_REQUIRED',
      `destination "${id}": ${missing.fault}; accepted: the same with "token", ` +
        `or an address that needs none, e.g. ${missing.exampleWithout(destination)}`,
    );
  }
  return token === undefined ? plain : { ...plain, token };
}

/** Whether two rules have the same effect. */
export function isSameDestination(a: DestinationRule, b: DestinationRule): boolean {
  return a.stream === b.stream && isSameEndpoint(a, b);
}

/** Whether two rules name the same endpoint with the same token. */
export function isSameEndpoint(a: DestinationRule, b: DestinationRule): boolean {
  return a.destination === b.destination && a.token === b.token;
}

/** Whether two rules define the same stream. */
export function isSameStream(a: StreamRule, b: StreamRule): boolean {
  if (a.stream !== b.stream || a.feeds.length !== b.feeds.length) return false;
  return a.feeds.every((entry, i) => {
    const { feed } = readFeedEntry(entry);
    return entry === b.feeds[i] && trimOf(a, feed) === trimOf(b, feed);
  });
}

/** How much a rule corrects a feed's time, in milliseconds. */
export function trimOf(rule: StreamRule, feed: string): number {
  return rule.trimMs && Object.hasOwn(rule.trimMs, feed) ? (rule.trimMs[feed] ?? 0) : 0;
}

function checkUrl(id: string, text: string): void {
  const fault = endpointUrlFault(text);
  if (fault === null) return;
  throw new RuleError('ERR_BAD_URL', `destination "${id}": ${fault}; accepted: ${ACCEPTED_URLS}`);
}

function checkToken(id: string, token: string | null): void {
  if (token === null) return;
  if (token.length === 0 || token.length > MAX_TOKEN_LENGTH || !/^[\x21-\x7e]+$/.test(token)) {
    throw new RuleError(
      'ERR_BAD_TOKEN',
      `destination "${id}": its token is malformed; accepted: 1 to ${MAX_TOKEN_LENGTH} printable ASCII characters ` +
        'without spaces, or null to take it away',
    );
  }
}

/** How a body that is refused is described. */
export interface RuleDescription {
  /** The error code. */
  readonly code: string;
  /** What the body is. */
  readonly what: string;
  /** What is accepted. */
  readonly example: string;
}

/** Validates a body against a schema. Throws {@link RuleError} with what was wrong and what is accepted. */
export function checkRule<T>(schema: z.ZodType<T>, body: unknown, { code, what, example }: RuleDescription): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const faults = result.error.issues.slice(0, 5).map((issue) => {
    const path = issue.path.map(String).join('.');
    const fault = issue.code === 'invalid_type' ? `${issue.expected} expected` : issue.message;
    return path === '' ? fault : `${path}: ${fault}`;
  });
  throw new RuleError(code, `${what}: ${faults.join('; ')}. Accepted: ${example}`);
}
