// Fetches and validates a relay's stats; answers of other programs get an error that names the cause.

import { type Stats, statsSchema } from '../../relay/stats-schema.js';
import { NotServedError, RefusedError, type RelayClient } from './relay-client.js';
import { clean } from '../terminal/text.js';

/** The stats of a relay, with text that is safe for a terminal. */
export interface StatsSnapshot {
  readonly url: string;
  readonly stats: Stats;
}

/** Fetches stats. Throws {@link NotServedError}. */
export async function fetchStats(client: RelayClient): Promise<StatsSnapshot> {
  return { url: client.url, stats: cleaned(parseStats(await fetchJson(client, '/api/stats'), client.url)) };
}

/** Fetches a path that every relay has. */
async function fetchJson(client: RelayClient, path: string): Promise<unknown> {
  try {
    return await client.request('GET', path);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const { status, code, message } = error;
    throw new NotServedError(`${client.url} refuses ${path} with HTTP ${status}: ${message} (${code})`, {
      mayPass: status >= 500,
    });
  }
}

/**
 * Validates an answer to GET /api/stats. Additional fields of a newer relay are accepted. Throws {@link
 * NotServedError}.
 */
export function parseStats(answer: unknown, url: string): Stats {
  const { success, error } = statsSchema.safeParse(answer);
  const fault = success ? undefined : error.issues.find(({ code }) => code !== 'unrecognized_keys');
  if (fault === undefined) return answer as Stats; // the schema has no transforms: the value is accepted unchanged
  const parts = typeof answer === 'object' && answer !== null ? Object.keys(answer) : [];
  if (parts.includes('topics')) {
    throw new NotServedError(`${url} is a vw serve; vw status shows relays (vw stream)`);
  }
  if (!['feeds', 'streams', 'destinations'].every((name) => parts.includes(name))) {
    throw new NotServedError(`${url} is not a vw stream: its /api/stats has other content than a relay's`);
  }
  const where = clean(fault.path.map(String).join('.'));
  throw new NotServedError(
    `${url} is a vw stream of another version: its stats differ at ${where} (${clean(fault.message)}); use the vw that runs there`,
  );
}

/** Stats as JSON on one line that is safe for a terminal: all but printable ASCII is escaped. */
export function jsonLine(stats: unknown): string {
  return JSON.stringify(stats).replace(
    /[\x7f-\uffff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A copy with every string in it, keys too, {@link clean}. */
function cleaned<T>(value: T): T {
  return cleanOf(value) as T; // strings stay strings, and nothing else changes
}

function cleanOf(value: unknown): unknown {
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map(cleanOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [clean(name), cleanOf(one)]));
}
