// How long a connection may be silent, depending on the server's status. Pure. Milliseconds.

import type { PlayStatus } from '../../../http/answer/play-status.js';

/** Silence after which the connection may be dead without having been closed. */
const SILENT_MS = 30_000;
/** The same if the server does not answer at all. */
const UNREACHABLE_MS = 6000;
/** The same if the server reports live media: its status lags by 5 s of silence, its sampling and our polling. */
const EXPECTED_MS = 8000;

/** What is known of the server. */
export interface KnownServer {
  /** Its last answer; null: it has not answered. */
  readonly status: PlayStatus | null;
  /** Whether it answered the last request. */
  readonly isReachable: boolean;
}

/** The silence after which the player reconnects. */
export function maxSilenceMs({ status, isReachable }: KnownServer): number {
  if (!isReachable) return UNREACHABLE_MS;
  const isOwed = status?.state === 'live' && status.fault === null && status.muted === null;
  return isOwed ? EXPECTED_MS : SILENT_MS;
}
