// What a program's inputs want of a feed, and what of it they leave out because it is sound.
// Pure: no clock, no I/O.

import type { RemuxInput } from './program-plan.js';
import type { RemuxFeed } from './remux-feed.js';
import type { LeftOutTrack } from './remux-report.js';
import { whyWithheld } from './sound-judge.js';

/** Whether a program of these inputs has anything of a feed. */
export function takesAny(inputs: readonly RemuxInput[], feed: string): boolean {
  return inputs.some(({ feed: name, select }) => name === feed && select !== 'none');
}

/** Whether a program of these inputs has the sound of a feed. */
export function takesSound(inputs: readonly RemuxInput[], feed: string): boolean {
  return inputs.some(({ feed: name, select }) => name === feed && (select === 'all' || select === 'audio'));
}

/** The sound, and what may be sound, of feeds of which the picture alone is taken. */
export function leftOutSound(
  inputs: readonly RemuxInput[],
  feeds: ReadonlyMap<string, Pick<RemuxFeed, 'tracks'>>,
): LeftOutTrack[] {
  return inputs.flatMap(({ feed, select }) => {
    const takesMore = (other: RemuxInput) => other.feed === feed && other.select !== 'video';
    if (select !== 'video' || inputs.some(takesMore)) return [];
    return (feeds.get(feed)?.tracks ?? []).flatMap(({ track, kind }) => {
      const why = whyWithheld(track, kind);
      return why === null ? [] : [{ feed, pid: track.pid, streamType: track.streamType, why }];
    });
  });
}
