// What a server says of one feed, stream or topic to who may play it: `GET /api/play/<name>` of both servers, which the
// player's page asks for.

/** Where a player's page asks, with its slashes: the name follows. */
export const PLAY_STATUS_PATH = '/api/play/';

/** How it stands with what is played. */
export interface PlayStatus {
  /** live: something comes; silent: somebody is connected and sends nothing; absent: nobody sends. */
  readonly state: 'live' | 'silent' | 'absent';
  /** What is wrong with it, as stats say it; null: nothing. */
  readonly fault: { readonly code: string; readonly words: string } | null;
  /** What of it the host has muted; null: nothing, or the server does not know. */
  readonly muted: 'audio' | 'all' | null;
}
