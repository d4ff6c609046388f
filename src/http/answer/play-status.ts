// The status of one feed, stream or topic for its viewers: `GET /api/play/<name>` of both servers, which the player's
// page polls.

/** The path prefix of the status; the name follows. */
export const PLAY_STATUS_PATH = '/api/play/';

/** The status of what is played. */
export interface PlayStatus {
  /** live: media arrives; silent: a source is connected and sends nothing; absent: there is no source. */
  readonly state: 'live' | 'silent' | 'absent';
  /** Its fault, as in the stats; null: none. */
  readonly fault: { readonly code: string; readonly message: string } | null;
  /** What the host has muted; null: nothing, or unknown. */
  readonly muted: 'audio' | 'all' | null;
}

/** The state of what is listed on a front page, as text. */
export function stateText(state: 'live' | 'absent', muted: PlayStatus['muted']): string {
  if (state === 'absent') return 'nothing sent';
  return muted === null ? 'live' : muted === 'all' ? 'muted' : 'live, sound muted';
}
