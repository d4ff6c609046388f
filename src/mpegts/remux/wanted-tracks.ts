// What a program's inputs select from a feed, and what they leave out as audio.
// Pure: no clock, no I/O.

import type { RemuxInput } from './program-plan.js';
import type { RemuxFeed } from './remux-feed.js';
import type { OmittedTrack } from './remux-report.js';
import { takesNothing, withheldPart } from './track-selection.js';
import { reasonToWithhold } from '../mute/sound-classifier.js';

/** Whether these inputs select any track of a feed. */
export function selectsFeed(inputs: readonly RemuxInput[], feed: string): boolean {
  return inputs.some(({ feed: name, select }) => name === feed && !takesNothing(select));
}

/** Whether these inputs select a feed's audio. */
export function selectsSound(inputs: readonly RemuxInput[], feed: string): boolean {
  return inputs.some(({ feed: name, select }) => name === feed && (select === 'all' || select === 'audio'));
}

/** Whether mutes withhold something from these inputs, and what their feeds have is known: an empty program is a muted one. */
export function isWithheld(
  inputs: readonly RemuxInput[],
  feeds: ReadonlyMap<string, Pick<RemuxFeed, 'program'>>,
): boolean {
  if (withheldPart(inputs, 'nothing') === null) return false;
  return inputs.every(({ feed, select }) => takesNothing(select) || (feeds.get(feed)?.program ?? null) !== null);
}

/** The tracks that are, or may be, audio, of feeds from which only video is selected. */
export function omittedSound(
  inputs: readonly RemuxInput[],
  feeds: ReadonlyMap<string, Pick<RemuxFeed, 'tracks'>>,
): OmittedTrack[] {
  return inputs.flatMap(({ feed, select }) => {
    const takesMore = (other: RemuxInput) => other.feed === feed && other.select !== 'video';
    if (select !== 'video' || inputs.some(takesMore)) return [];
    return (feeds.get(feed)?.tracks ?? []).flatMap(({ track, kind }) => {
      const reason = reasonToWithhold(track, kind);
      return reason === null ? [] : [{ feed, pid: track.pid, streamType: track.streamType, reason }];
    });
  });
}
