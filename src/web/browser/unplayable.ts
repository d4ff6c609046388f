// What there is to say of a track that is not played here.
// Pure.

import type { Track } from '../../mpegts/track.js';
import { nameOf } from './selection.js';

/** `reason`: what the player said; a MIME type where the browser does not know it. '': no browser plays such a track. */
export function unplayable(track: Track, reason = ''): string {
  const isPicture = track.kind === 'video';
  const name = nameOf(track);
  const what =
    name === 'picture' || name === 'sound' ? `this kind of ${name}` : `${name}${isPicture ? ' pictures' : ' sound'}`;
  const use = isPicture ? 'use H.264 or MPEG-1' : 'use AAC or MPEG audio';
  if (reason === '') return `Browsers cannot play ${what}: ${use}.`;
  const codec = /codecs="([^"]+)"/.exec(reason)?.[1];
  if (codec === undefined) return `${isPicture ? 'This picture' : 'The sound'} cannot be played here: ${reason}.`;
  return `This browser cannot play ${what} (${codec}). Another browser may; ${isPicture ? 'H.264' : 'AAC'} is played by all.`;
}
