// Of which kind an address is, and what can be said of all kinds. Pure.

import { safeUrl } from '../../../log/safe-url.js';
import type { EndpointKind } from './endpoint-kind.js';
import * as kinds from './kinds.js';

/** All kinds, in the order in which they are asked whether an address is theirs. */
export const KINDS: readonly EndpointKind[] = Object.values<EndpointKind>(kinds).sort(
  (a, b) => b.precedence - a.precedence || a.name.localeCompare(b.name),
);

/** The kind of an address; null: it is of none. Of the token, only whether there is one counts. */
export function kindOf(url: string, token: string | null): EndpointKind | null {
  if (!URL.canParse(url)) return null;
  const traits = { url: new URL(url), hasToken: token !== null };
  return KINDS.find((kind) => kind.schemes.includes(traits.url.protocol) && kind.recognises(traits)) ?? null;
}

/** A rule's address as it may be logged: without anything secret. */
export function shownUrl(url: string, token: string | null): string {
  return kindOf(url, token)?.shownUrl(url) ?? safeUrl(url);
}
