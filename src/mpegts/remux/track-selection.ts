// What a program selects from its feeds, and what mutes take from that.
// Pure: no clock, no I/O.

import type { MutedPart } from '../mute/mute-filter.js';
import type { TrackKind } from '../psi/track.js';

/**
 * Which tracks of a feed are selected. A mute selects the last three: `other-than-audio` of a rule that wants all tracks,
 * `muted-audio` (nothing) of one that wants the audio alone, and `none` where everything is muted.
 */
export type TrackSelection = 'all' | 'video' | 'audio' | 'other-than-audio' | 'muted-audio' | 'none';

const MUTES: Readonly<Record<TrackSelection, MutedPart>> = {
  all: null,
  video: null,
  audio: null,
  'other-than-audio': 'audio',
  'muted-audio': 'audio',
  none: 'all',
};

/** Whether a selection includes tracks of this kind. */
export function selects(select: TrackSelection, kind: TrackKind): boolean {
  if (select === 'all') return true;
  // A track of unknown kind may be audio.
  return select === 'other-than-audio' ? kind === 'video' || kind === 'other' : select === kind;
}

/** Whether a selection includes no track of any kind: it is that of a muted feed. */
export function takesNothing(select: TrackSelection): boolean {
  return select === 'none' || select === 'muted-audio';
}

/**
 * What mutes withhold of a program with these inputs. `all`: each input is muted, one of them altogether, and nothing is left
 * (`left`); `audio`: anything less; `null`: nothing.
 */
export function withheldPart(
  inputs: readonly { readonly select: TrackSelection }[],
  left: 'nothing' | 'tracks',
): MutedPart {
  const mutes = inputs.map(({ select }) => MUTES[select]);
  if (mutes.every((mute) => mute === null)) return null;
  return left === 'nothing' && mutes.includes('all') && !mutes.includes(null) ? 'all' : 'audio';
}
