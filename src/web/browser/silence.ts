// For how long a connection may bring nothing, by what the server says of it. Pure. Milliseconds.

import type { PlayStatus } from '../play-status.js';

/** Nothing comes for so long: the connection may be dead without a word. */
const SILENT_MS = 30_000;
/** The same where the server does not answer at all. */
const UNREACHABLE_MS = 6000;
/** The same where it says that something should come: it says so until it has missed it for 5 s, looked, and was asked. */
const OWED_MS = 8000;

/** For how long nothing may come until the player reconnects. */
export function silenceAllowed(status: PlayStatus | null, isReachable: boolean): number {
  if (!isReachable) return UNREACHABLE_MS;
  const isOwed = status?.state === 'live' && status.fault === null && status.muted === null;
  return isOwed ? OWED_MS : SILENT_MS;
}
