// Asks whether the server answers at all: quickly, where WebSockets that fail again and again are held up by the browser
// for seconds (Chromium), and come back late from a server that is there again.

/** A file that every server of players has, and that needs no token. */
const ASKED = '/player/icon.svg';
const WITHIN_MS = 4000;
const SERVER_ERROR = 500; // RFC 9110 §15.6: a proxy whose server is away answers so

/** there: it answers; away: it says that it is not, at once; silent: nothing came in time. */
export type Reach = 'there' | 'away' | 'silent';

/** Asks once. */
export async function askForServer(): Promise<Reach> {
  const askedAt = performance.now();
  try {
    const { status } = await fetch(ASKED, {
      method: 'HEAD',
      cache: 'no-store',
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    return status < SERVER_ERROR ? 'there' : 'away';
  } catch {
    return performance.now() - askedAt < WITHIN_MS ? 'away' : 'silent';
  }
}
