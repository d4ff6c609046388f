// What is read from outside and is no request head: names, tokens, settings, bodies, commands, answers of endpoints.

import { RuleStore } from '../../../src/state/rule-store.js';
import { RelayOperations } from '../../../src/api/control/actions.js';
import { executeCommand } from '../../../src/api/control/commands.js';
import { KeyGuard } from '../../../src/api/access/keys.js';
import { splitJsonObjects } from '../../../src/api/control/split-commands.js';
import { relayAddress } from '../../../src/cli/client/relay-address.js';
import { hostnameOf, isOwnHost, isOwnOrigin } from '../../../src/http/request/hosts.js';
import { pathOf, refuseEmptySegments, withoutLastSlash } from '../../../src/http/request/path.js';
import { trimSlashes } from '../../../src/trim-slashes.js';
import { ChunkedDecoder } from '../../../src/ingest/chunked.js';
import { readUploadHead } from '../../../src/ingest/request-head.js';
import type { Log } from '../../../src/log/log.js';
import { readReason, readTokenEnd } from '../../../src/relay/dial/faults.js';
import { DEFAULT_LIMITS } from '../../../src/config/limits.js';
import { Relay } from '../../../src/relay/relay.js';
import { destinationSchema, nameFault, streamSchema } from '../../../src/relay/rules/rules.js';
import { redactSecrets, querySecrets } from '../../../src/relay/dial/secrets.js';
import { isAddressRange } from '../../../src/address-range.js';
import { TrustedProxies } from '../../../src/serve/clients/client-address.js';
import { looksLikeToken, Tokens } from '../../../src/serve/auth/tokens.js';
import { parseTopicPath, topicFault } from '../../../src/serve/topics/topic-path.js';
import { authorisationText } from '../../../src/serve/auth/authorisation-reply.js';
import { SERVE_SETTINGS, STREAM_SETTINGS } from '../../../src/config/definitions.js';
import { escapeHtml } from '../../../src/http/answer/escape-html.js';
import { type Case, textCase } from './measure.js';

const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
/** What is not bounded by something else is tried with so much. */
const SIZE = 5000; // arrays and texts over 128 KiB are kept elsewhere by V8, and cost more

/** Texts that are worst for one or another way to read them. */
const HOSTILE = [' ', '/', 'a/', '.', '-', ':', '[', ']:1', '"', '\\"', '%2F', ',', '=', '1', '&', '\n'];

/** Hostile texts of every kind for a function, behind what begins well and before what ends badly. */
function all(name: string, take: (text: string) => unknown, begins = '', size = SIZE, ends = '\x01!'): Case[] {
  return HOSTILE.map((piece) => {
    const make = (length: number) => begins + piece.repeat(length / piece.length) + ends;
    return textCase(`${name}: ${JSON.stringify(piece)}`, size, make, take);
  });
}

/** The same as they are: for lists and names that are looked at piece by piece. */
function whole(name: string, take: (text: string) => unknown): Case[] {
  return all(`${name}, whole`, take, '', SIZE, '');
}

/** The same for a function that takes bytes. */
function allBytes(name: string, take: (bytes: Buffer) => unknown, begins: string, ends: string): Case[] {
  return HOSTILE.map((piece) => {
    const prepare = (size: number) => {
      const bytes = Buffer.from(begins + piece.repeat(size / piece.length) + ends);
      return () => take(bytes);
    };
    return { name: `${name}: ${JSON.stringify(piece)}`, size: 4000, prepare };
  });
}

/** Takes what is given, and every error as an answer. */
function tried(read: (text: string) => unknown): (text: string) => unknown {
  return (text) => {
    try {
      const result = read(text);
      return result instanceof Promise ? result.catch(() => undefined) : result;
    } catch {
      return undefined;
    }
  };
}

/** What looks at names, addresses, hosts and tokens. */
export function textCases(): Case[] {
  const allowed = { hosts: new Set(['board.lab.example']), origins: new Set(['https://lab.example']) };
  const place = { host: 'board.lab.example', scheme: 'http:' } as const;
  const keys = new KeyGuard('a-key');
  const tokens = new Tokens('a-secret-of-thirty-two-characters-or-more', ['ws://127.0.0.1']);
  const proxies = new TrustedProxies(['127.0.0.1', '10.0.0.0/8']);
  const patterns = [streamSchema.shape.stream, streamSchema.shape.feeds.element, destinationSchema.shape.id].map(
    (schema) => new RegExp(String(schema.meta()?.pattern), 'u'),
  );
  const decode = (bytes: Buffer) => tried(() => new ChunkedDecoder().push(bytes))('');
  let address = 0;
  return [
    ...allBytes('readUploadHead', readUploadHead, 'POST /ts/x HTTP/1.1\r\nA:', '\x7f\r\n\r\n'),
    ...allBytes('readUploadHead, its target', readUploadHead, 'POST /', '\r\n\r\n'),
    ...allBytes('ChunkedDecoder', decode, '5;a=', '\r\n'),
    ...allBytes('ChunkedDecoder, trailers', decode, '0\r\nA:', '\r\n'),
    ...all('pathOf', (text) => tried(() => refuseEmptySegments(withoutLastSlash(pathOf(text))))(text), '/'),
    ...all('trimSlashes', trimSlashes),
    ...all('Host', (text) => [hostnameOf(text), isOwnHost(text, allowed)]),
    ...all('Origin', (text) => isOwnOrigin(text, place, allowed), 'http://'),
    ...all('Cookie', (text) => keys.check(undefined, text, 'a', 0), 'vw_session='),
    ...all('Authorization', (text) => keys.check(text, undefined, `${address++}`, 0), 'Basic '),
    ...all('X-Forwarded-For', (text) => proxies.clientOf('127.0.0.1', text)),
    ...all('isAddressRange', isAddressRange),
    ...all('nameFault', nameFault),
    ...all('topicFault', topicFault),
    ...whole('nameFault', nameFault),
    ...whole('topicFault', topicFault),
    ...whole('isAddressRange', isAddressRange),
    ...whole('X-Forwarded-For', (text) => proxies.clientOf('127.0.0.1', text)),
    ...whole('Cookie', (text) => keys.check(undefined, text, 'a', 0)),
    ...all('parsePlace', tried(parseTopicPath), '/in/'),
    ...patterns.flatMap((pattern, i) => all(`pattern ${i} of the document`, (text) => pattern.test(text), 'stream/')),
    ...all('looksLikeToken', looksLikeToken, 'ey'),
    ...all(
      'Tokens',
      tried((text) => tokens.admit(text, { direction: 'in', topic: 'x', path: '/in/x' }, 0)),
      'eyJ',
      4000,
    ),
    ...all('readTokenEnd', readTokenEnd, 'eyJ.'),
    ...all('verdictText', (text) => authorisationText('/in/x', text, { authorised: false, reason: text }), '', 1500),
    ...all('readReason', readReason, '{"detail":"'),
    ...all('cleanWords', (text) => redactSecrets(text, ['aaaa', '////', ' '.repeat(8)])),
    ...all('querySecrets', querySecrets, 'ws://x/?'),
    ...all('escapeHtml', escapeHtml, '', 1500),
    ...all(
      'relayAddress',
      tried((url) => relayAddress({ url }, {})),
      'http://x/',
      20_000,
    ),
  ];
}

/** Values of settings. */
export function settingCases(): Case[] {
  const tables = Object.values({ ...SERVE_SETTINGS, ...STREAM_SETTINGS });
  const texts = tables.filter(({ env, default: value }) => typeof value === 'string' || env === 'VW_PORT');
  const reads = new Map(texts.map(({ read, env }) => [read as (text: string) => unknown, env]));
  return [...reads].flatMap(([read, env]) => all(env, tried(read), '', 3500));
}

/** Bodies of requests and commands. */
const BODIES: readonly (readonly [string, (size: number) => string])[] = [
  ['arrays in arrays', (n) => '['.repeat(n / 2) + ']'.repeat(n / 2)],
  ['arrays without an end', (n) => '['.repeat(n)],
  ['objects in objects', (n) => '{"a":'.repeat(n / 6) + '1' + '}'.repeat(n / 6)],
  ['many members', (n) => `{${Array.from({ length: n / 10 }, (_, i) => `"k${i}":1`).join(',')}}`],
  ['one member again and again', (n) => `{${'"stream":"a",'.repeat(n / 13)}"feeds":[]}`],
  ['numbers as members', (n) => `{${Array.from({ length: n / 12 }, (_, i) => `"${i * 7919}":1`).join(',')}}`],
  ['many feeds', (n) => `{"stream":"stream/a","feeds":[${'"a",'.repeat(n / 4)}"a"]}`],
  ['many feeds that are none', (n) => `{"stream":"stream/a","feeds":[${'1,'.repeat(n / 2)}1]}`],
  [
    'many trims',
    (n) =>
      `{"stream":"stream/a","feeds":["a"],"trimMs":{${Array.from({ length: n / 12 }, (_, i) => `"f${i}":1`).join(',')}}}`,
  ],
  ['a stream of slashes', (n) => `{"stream":"stream/${'/'.repeat(n)}","feeds":[]}`],
  ['a stream of segments', (n) => `{"stream":"stream/${'a/'.repeat(n / 2)}","feeds":[]}`],
  ['a feed of number signs', (n) => `{"stream":"stream/a","feeds":["${'#'.repeat(n)}"]}`],
  ['a destination of slashes', (n) => `{"id":"a","stream":"a","destination":"ws:${'/'.repeat(n)}"}`],
  ['a destination of at signs', (n) => `{"id":"a","stream":"a","destination":"ws://${'@'.repeat(n)}"}`],
  ['a destination of dots', (n) => `{"id":"a","stream":"a","destination":"ws://${'a.'.repeat(n / 2)}"}`],
  ['a token of spaces', (n) => `{"id":"a","stream":"a","destination":"ws://a","token":"${' '.repeat(n)}"}`],
  ['escapes', (n) => `{"stream":"${'\\u0041'.repeat(n / 6)}"}`],
  ['backslashes', (n) => `{"stream":"${'\\'.repeat(n)}"}`],
  ['digits', (n) => '1'.repeat(n)],
  ['spaces', (n) => ' '.repeat(n)],
  ['brackets that close', (n) => '}'.repeat(n)],
  ['quotation marks', (n) => '"'.repeat(n)],
  ['control characters', (n) => `{"stream":"${'\x01'.repeat(n)}"}`],
  ['members that are not known', (n) => `{"${'x'.repeat(n)}":1}`],
  ['__proto__', (n) => `{${'"__proto__":{},'.repeat(n / 15)}"a":1}`],
] satisfies [string, (size: number) => string][];

/** JSON bodies over HTTP, the login's form, and commands of the admin feed. */
export function bodyCases(
  post: (path: string, type: string, body: string) => Promise<void>,
  login: (form: string) => Promise<void>,
): Case[] {
  const actions = new RelayOperations(new Relay(DEFAULT_LIMITS, SILENT), RuleStore.inMemory(null));
  const command = (rest: string) => (text: string) =>
    executeCommand(actions, `{"verb":"add",${rest}"rule":${text}}`, SILENT);
  return BODIES.flatMap(([what, make]) => {
    const size = /members|trims/.test(what) ? 4500 : 6000; // V8 keeps objects of over 1,020 members in another way
    const one = (name: string, most: number, take: (text: string) => unknown) =>
      textCase(`${name}: ${what}`, most, make, take);
    return [
      one('POST /api/streams', size, (body) => post('/api/streams', 'application/json', body)),
      one('add a stream', size, command('"what":"stream",')),
      one('add a destination', size, command('"what":"destination",')),
      one('a command', size, (text) => executeCommand(actions, text, SILENT)),
      one('commands in one message', SIZE, splitJsonObjects),
      one('a login', 3500, (body) => login(`key=${encodeURIComponent(body).slice(0, body.length)}`)),
    ];
  }).concat(all('the login', login, 'key=', 3500));
}
