// Request heads that somebody might have thought out, sent to both servers. Each is a text of about so many characters.

import { type Case, textCase } from './measure.js';
import type { Targets } from './targets.js';

/** A head is at most 16 KiB; twice this fits. */
const SIZE = 7000;

const of = (piece: string) => (size: number) => piece.repeat(Math.ceil(size / piece.length));
const between = (before: string, piece: string, after: string) => (size: number) => before + of(piece)(size) + after;

/** Values of any field. */
const VALUES: Readonly<Record<string, (size: number) => string>> = {
  'spaces and DEL': between('', ' ', '\x7f'),
  commas: of(','),
  'commas behind a quotation mark': between('"', ',', ''),
  semicolons: of(';'),
  'quotation marks': of('"'),
  'escaped quotation marks': between('"', '\\"', ''),
  parameters: between('a/b', ';a=1', '"'),
  slashes: of('/'),
  digits: of('1'),
  colons: of(':'),
  'brackets and ports': between('[', ']:1', ']'),
  'base64 without an end': of('A'),
};

/** Fields that a server of ours looks at, with values of their own kind. */
const FIELDS: readonly (readonly [string, (size: number) => string])[] = [
  ['Host', between('', 'a.', '!')],
  ['Host', between('[', ':', '')],
  ['Host', between('x:', '1', '')],
  ['Host', between('', '-', ':80')],
  ['Origin', between('http://', 'a.', '')],
  ['Origin', between('http://', '@', '')],
  ['Origin', between('http://x:', '0', '')],
  ['Origin', between('', '%', '')],
  ['Cookie', of('vw_session=')],
  ['Cookie', of('vw_session=9e15.a.b; ')],
  ['Cookie', between('vw_session=', '.', '')],
  ['Cookie', of('; ')],
  ['Authorization', between('Basic', ' ', '!')],
  ['Authorization', between('Bearer', ' ', '!')],
  ['Authorization', between('Basic ', 'Ojo6', '')],
  ['Authorization', between('', 'bearer ', '')],
  ['Authorization', between('', 'eyJ.', '')],
  ['Authorization', between('eyJhbGciOiJIUzI1NiJ9.', 'eyJhIjoi', '.A')],
  ['X-Forwarded-For', of('127.0.0.1,')],
  ['X-Forwarded-For', of('::ffff:127.0.0.1, ')],
  ['X-Forwarded-For', between('', '1.', ':1')],
  ['X-Forwarded-For', between('[', ']', ':1')],
  ['Forwarded', of('for=127.0.0.1;by="x",')],
  ['Accept', of('text/html;q=0.1,')],
  ['Accept-Encoding', of('gzi,')],
  ['If-None-Match', of('W/"a", ')],
  ['Last-Event-ID', between('', 'a', '-1')],
  ['Upgrade', between('', 'h2c, ', '')],
  ['Connection', between('Upgrade', ', upgrade', '')],
  ['Sec-WebSocket-Protocol', of('a,')],
  ['Sec-WebSocket-Extensions', of('a; b, ')],
  ['Content-Type', between('application/json', ' ', 'x')],
  ['Transfer-Encoding', between('chunked', ' ', ',')],
  ['Transfer-Encoding', of('chunked, ')],
];

/** Fields that are taken apart, and one that is not. */
const KNOWN = [
  'A',
  'Host',
  'Origin',
  'Cookie',
  'Authorization',
  'X-Forwarded-For',
  'Accept',
  'Content-Type',
  'Upgrade',
];

/** Paths and queries. */
const PATHS: readonly (readonly [string, (size: number) => string])[] = [
  ['slashes', of('/')],
  ['slashes and a query', between('/', '/', '?x')],
  ['a name of many segments', between('/ts/', 'a/', '')],
  ['a name of dots', between('/ts/', './', '')],
  ['a name of encoded slashes', between('/ts/', '%2F', '')],
  ['a name that is long', between('/ws/', 'a', '')],
  ['a page that is long', between('/play/', 'a%', '')],
  ['a topic of many segments', between('/in/', 'a/', '')],
  ['a session of slashes', between('/session/', '%2f', '')],
  ['percent signs', between('/', '%', '')],
  ['a query of equal signs', between('/login?', '=', '')],
  ['a query of parts', between('/api/events?types=', 'a,', '')],
  ['a query of pluses', between('/?to=', '+', '')],
  ['a query of many fields', between('/login?', 'to=/play/x&', '')],
  ['a query of percent signs', between('/session/x?code=', '%25', '%')],
  ['question marks', between('/', '?', '')],
  ['a scheme', between('http:', '/', '')],
  ['an address of names', between('http://', 'a.', '')],
  ['an address of ports', between('http://x', ':1', '/')],
  ['an address of slashes', between('http://x', '/', '')],
  ['an address of question marks', between('http://x', '?', '')],
  ['a scheme of letters', between('', 'h', '://x/')],
  ['a name of pluses', between('/api/streams/', '+', '')],
];

const LINES: readonly (readonly [string, (size: number) => string])[] = [
  ['spaces before the target', between('GET', ' ', '/ HTTP/1.1')],
  ['spaces behind the target', between('POST /ts/x', ' ', 'HTTP/1.1')],
  ['a method without an end', of('A')],
  ['empty lines', of('\r\n')],
  ['a method that is none', between('GET', 'x', ' / HTTP/1.1')],
];

/** Every head, sent to every target. */
export function headCases(targets: Targets): Case[] {
  const withFields = (name: string, make: (size: number) => string) => {
    return textCase(name, SIZE, make, (fields) => targets.sendFields(fields));
  };
  return [
    ...KNOWN.flatMap((field) => {
      return Object.entries(VALUES).map(([what, value]) =>
        withFields(`${field}: ${what}`, (size) => `${field}: ${value(size)}`),
      );
    }),
    ...FIELDS.map(([field, value]) => withFields(`${field}: ${value(10)}`, (size) => `${field}: ${value(size)}`)),
    withFields('a field without a colon', of('a')),
    withFields('many fields', between('', 'a:\r\n', 'b:')),
    withFields('many fields of one name', between('', 'Cookie: a=b\r\n', 'b:')),
    withFields('a folded field', between('A: b\r\n', ' c\r\n', ' d')),
    withFields('carriage returns', between('A: ', '\r', '')),
  ];
}

/** Every path, asked for in every way, and request lines that are none. */
export function targetCases(targets: Targets): Case[] {
  return [
    ...PATHS.map(([name, make]) => textCase(name, SIZE, make, (path) => targets.sendPath(path))),
    ...LINES.map(([name, line]) => {
      const make = (size: number) => `${line(size)}\r\nHost: x\r\n\r\n`;
      return textCase(name, SIZE, make, (text) => targets.sendBytes(text));
    }),
  ];
}
