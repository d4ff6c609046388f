// Plans the output's program: which tracks of which feeds it has, in what order, and which of them carries the PCR.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.4.8.

import { muteDescriptorOf } from '../mute/mute-descriptor.js';
import { selects, takesNothing, type TrackSelection, withheldPart } from './track-selection.js';
import { entryBytes, fitsPmt, mergeDescriptors, type TableEntry } from './output-tables.js';
import type { OutputTracks } from './output-track.js';
import type { RemuxFeed, RemuxTrack } from './remux-feed.js';

const NOTHING = new Uint8Array(0);

/** A feed of the program. */
export interface RemuxInput {
  readonly feed: string;
  readonly select: TrackSelection;
  /** Offset added to the feed's time in milliseconds: positive is later. */
  readonly trimMs?: number;
  /**
   * PAT and PMT packets of a feed that is already running: without them, nothing can be sent before the next PAT and PMT.
   */
  readonly tables?: Uint8Array;
}

/** A video feed that is sent until another one's random access point. */
export interface PendingFeedSwitch {
  readonly from: string;
  readonly to: string;
  readonly sinceMs: number;
}

/** A track of the program. */
export interface PlannedTrack {
  readonly feed: RemuxFeed;
  readonly track: RemuxTrack;
}

/** Whether two lists of inputs request the same; tables are information, not a request. */
export function areSameInputs(a: readonly RemuxInput[], b: readonly RemuxInput[]): boolean {
  if (a.length !== b.length) return false;
  return a.every(({ feed, select, trimMs = 0 }, i) => {
    const other = b[i]!;
    return feed === other.feed && select === other.select && trimMs === (other.trimMs ?? 0);
  });
}

/** The video feeds of `before` that are missing from `inputs`, each with the feed that replaces it. */
export function findReplacements(
  before: readonly PlannedTrack[],
  inputs: readonly RemuxInput[],
  running: readonly PendingFeedSwitch[],
  nowMs: number,
): PendingFeedSwitch[] {
  const showing = new Set(before.filter(({ track }) => track.kind === 'video').map(({ feed }) => feed.name));
  const giving = new Set(inputs.filter(({ select }) => selects(select, 'video')).map(({ feed }) => feed));
  // A feed that is listed with nothing selected is muted, and a mute takes effect at once.
  const muted = new Set(inputs.filter(({ select }) => takesNothing(select)).map(({ feed }) => feed));
  const going = [...showing].filter((name) => !giving.has(name) && !muted.has(name));
  const pending = [...giving].filter((name) => !showing.has(name));
  return going.slice(0, pending.length).map((from, i) => {
    const since = running.find((replacement) => replacement.from === from);
    return { from, to: pending[i]!, sinceMs: since?.sinceMs ?? nowMs };
  });
}

/**
 * The program's tracks in the inputs' order. A feed that is being replaced is placed where the new one will be, and the new
 * one's video tracks wait (`replaces`). Tracks that do not fit into a PMT are left out.
 */
export function planTracks(
  inputs: readonly RemuxInput[],
  feeds: ReadonlyMap<string, RemuxFeed>,
  replacements: readonly PendingFeedSwitch[],
): { plan: PlannedTrack[]; descriptors: Uint8Array; omitted: number } {
  const plan: PlannedTrack[] = [];
  const taken = new Set<RemuxTrack>();
  let bytes = 0;
  let omitted = 0;
  const add = (feed: RemuxFeed, select: TrackSelection): void => {
    if (!feed.program) return;
    feed.omittedTracks = 0;
    for (const track of feed.tracks) {
      if (taken.has(track) || !selects(select, track.kind)) continue;
      const size = entryBytes(track.track.descriptors);
      if (!fitsPmt(bytes + size)) {
        omitted++;
        feed.omittedTracks++;
        continue;
      }
      bytes += size;
      taken.add(track);
      plan.push({ feed, track });
    }
  };
  for (const input of inputs) {
    const feed = feeds.get(input.feed)!; // every input has a feed
    const replacement = selects(input.select, 'video') ? replacements.find(({ to }) => to === input.feed) : undefined;
    for (const track of feed.tracks) track.replaces = replacement !== undefined && track.kind === 'video';
    if (replacement) {
      add(feeds.get(replacement.from)!, 'video');
      for (const track of feed.tracks) if (track.replaces) taken.add(track);
    }
    add(feed, input.select);
  }
  const loops = [...new Set(plan.map(({ feed }) => feed))].map(({ program }) => program!.descriptors);
  return { plan, descriptors: programInfo(inputs, plan, loops, bytes), omitted };
}

/** The descriptors of the program: what is muted, and those of the feeds, as far as a PMT with `bytes` of entries has room. */
function programInfo(
  inputs: readonly RemuxInput[],
  plan: readonly PlannedTrack[],
  loops: readonly Uint8Array[],
  bytes: number,
): Uint8Array {
  const mute = muteDescriptorOf(withheldPart(inputs, plan.length === 0 ? 'nothing' : 'tracks'));
  const whole = Uint8Array.of(...mute, ...mergeDescriptors(loops));
  return [whole, mute].find((one) => fitsPmt(bytes + one.length)) ?? NOTHING;
}

/** The track on PCR_PID: a video track if there is one; the previous track is kept if it is suitable. */
export function choosePcrTrack(plan: readonly PlannedTrack[], before: PlannedTrack | null): PlannedTrack | null {
  const rank = ({ track }: PlannedTrack): number =>
    track.kind === 'video' ? 3 : track.kind === 'audio' ? 2 : track.track.sections ? 0 : 1;
  let best: PlannedTrack | null = null;
  for (const planned of plan) if (!best || rank(planned) > rank(best)) best = planned;
  const still = plan.find(({ track }) => track === before?.track);
  return best && still && rank(still) === rank(best) ? still : best;
}

/** Assigns output PIDs to the planned tracks, and releases those of tracks that are in the program no more. */
export function assignPids(plan: readonly PlannedTrack[], before: readonly PlannedTrack[], tracks: OutputTracks): void {
  const staying = new Set(plan.map(({ track }) => track));
  for (const { track } of before) {
    if (staying.has(track) || !track.out) continue;
    track.out.inUse = false;
    track.out = null;
    track.stop();
  }
  for (const { feed, track } of plan) {
    if (track.out) continue;
    track.out = tracks.acquire(feed.name, track.track.pid, track.track.streamType);
    track.out.inUse = true;
    track.out.streamId = -1;
    track.stop();
    track.needsAccess = track.kind === 'video';
  }
}

/** The PMT's entries for tracks that have PIDs. */
export function entriesOf(plan: readonly PlannedTrack[]): TableEntry[] {
  return plan.map(({ track }) => ({
    pid: track.out!.pid, // see assignPids
    streamType: track.track.streamType,
    descriptors: track.track.descriptors,
  }));
}
