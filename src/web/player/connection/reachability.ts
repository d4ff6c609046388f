// Checks by HTTP whether the server answers at all. Chromium delays WebSockets that fail repeatedly for seconds, and so
// would notice late that the server is back.

/** A file that every server with a player has, and that needs no token. */
const PROBE_PATH = '/player/icon.svg';
const WITHIN_MS = 4000;
const SERVER_ERROR = 500; // RFC 9110 §15.6: a proxy whose server is away answers so

/** there: it answers; away: the connection or a proxy reports at once that it is down; silent: no answer in time. */
export type Reachability = 'there' | 'away' | 'silent';

/** Checks once. */
export async function probeServer(): Promise<Reachability> {
  const askedAt = performance.now();
  try {
    const { status } = await fetch(PROBE_PATH, {
      method: 'HEAD',
      cache: 'no-store',
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    return status < SERVER_ERROR ? 'there' : 'away';
  } catch {
    return performance.now() - askedAt < WITHIN_MS ? 'away' : 'silent';
  }
}
