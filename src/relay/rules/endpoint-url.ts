// The addresses that a rule may name: those of the kinds of endpoints. Pure.

import { KINDS, kindOf } from '../dial/kinds/kind-of.js';
import type { TokenNeed } from '../dial/kinds/endpoint-kind.js';

/** The longest address, in characters. */
export const MAX_URL_LENGTH = 2048;

const SCHEMES = new Set(KINDS.flatMap(({ schemes }) => schemes));
const PLAIN_FIRST = [...KINDS].sort((a, b) => a.precedence - b.precedence);
const NEED_NO_TOKEN = PLAIN_FIRST.filter(({ tokenNeed }) => tokenNeed === null);

/** The forms of addresses, for error messages. */
export const ACCEPTED_URLS = either(PLAIN_FIRST.flatMap(({ forms }) => forms));
/** The same for the API's document. */
export const DOCUMENTED_URLS = either(PLAIN_FIRST.flatMap(({ documentedForms }) => documentedForms));
/** The forms that are of use without a token. */
export const URLS_WITHOUT_TOKEN = either(NEED_NO_TOKEN.flatMap(({ forms }) => forms));
/** Their schemes: `ws:// or wss://`. */
export const SCHEMES_WITHOUT_TOKEN = either([
  ...new Set(NEED_NO_TOKEN.flatMap(({ schemes }) => schemes.map((scheme) => `${scheme}//`))),
]);

/** Why `text` is not the address of an endpoint; null: it is. */
export function endpointUrlFault(text: string): string | null {
  if (text.length > MAX_URL_LENGTH) return `its URL has more than ${MAX_URL_LENGTH} characters`;
  if (!URL.canParse(text)) return 'its URL cannot be read';
  const url = new URL(text);
  if (!SCHEMES.has(url.protocol)) return `"${url.protocol}//" is not dialled`;
  if (url.hostname === '') return 'its URL names no host';
  if (url.port === '0') return 'port 0 cannot be dialled';
  if (url.hash !== '' || text.includes('#')) return 'its URL has a fragment ("#…"), which WebSockets do not have';
  if (url.username !== '' || url.password !== '') return 'its URL carries a user name or password; use "token"';
  return null;
}

/** What an address without a token lacks; null: nothing. */
export function missingToken(url: string): TokenNeed | null {
  return kindOf(url, null)?.tokenNeed ?? null;
}

/** `a`, `a or b`, `a, b, or c`. */
function either(texts: readonly string[]): string {
  if (texts.length < 3) return texts.join(' or ');
  return `${texts.slice(0, -1).join(', ')}, or ${texts.at(-1) ?? ''}`;
}
