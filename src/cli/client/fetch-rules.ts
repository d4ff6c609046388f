// Fetches and validates the rules of a relay.

import { NotServedError, type RelayClient, RefusedError } from './relay-client.js';
import { DocumentError, readDocument, type RulesDocument } from '../rules/rules-document.js';

type RawDocument = Readonly<Record<'streams' | 'destinations' | 'mutes', readonly object[]>> & {
  readonly mutesUnknown?: true;
};

/** Fetches all rules: as the relay sends them, and parsed. Throws {@link NotServedError}. */
export async function fetchRules(client: RelayClient): Promise<{ raw: RawDocument; rules: RulesDocument }> {
  let answer: unknown;
  try {
    answer = await client.request('GET', '/api/rules');
  } catch (error) {
    if (!(error instanceof RefusedError) || error.status !== 404) throw error;
    throw new NotServedError(
      `${client.url} has no /api/rules: it is a vw serve, or an older vw stream; use the vw that runs there`,
    );
  }
  try {
    return { raw: answer as RawDocument, rules: readDocument(answer) }; // which has checked its shape
  } catch (cause) {
    if (!(cause instanceof DocumentError)) throw cause;
    const [fault = cause.message] = cause.faults;
    throw new NotServedError(
      `${client.url} is not a vw stream, or one of another version: its /api/rules is not understood (${fault})`,
      { cause },
    );
  }
}
