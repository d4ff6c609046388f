// The message about a track that cannot be played here.
// Pure.

import type { Track } from '../../../mpegts/psi/track.js';
import { nameOf } from './selection.js';

/**
 * `reason`: the player's error; a MIME type if the browser does not support it. '': no browser plays such a track.
 * `codec`: as found in the media.
 */
export function unplayable(track: Track, reason = '', codec: string | null = null): string {
  const isPicture = track.kind === 'video';
  const name = nameOf(track, codec);
  const what =
    name === 'picture' || name === 'sound' ? `this kind of ${name}` : `${name}${isPicture ? ' pictures' : ' sound'}`;
  const use = isPicture ? 'use H.264 or MPEG-1' : 'use AAC or MPEG audio';
  if (reason === '') return `Browsers cannot play ${what}: ${use}.`;
  const string = /codecs="([^"]+)"/.exec(reason)?.[1];
  if (string === undefined) return `${isPicture ? 'This picture' : 'The sound'} cannot be played here: ${reason}.`;
  return `This browser cannot play ${what} (${string}). Another browser may; ${isPicture ? 'H.264' : 'AAC'} is played by all.`;
}
