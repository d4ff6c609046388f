// The tables of `vw status`: feeds, streams and destinations, from GET /api/stats. Pure.

import type { FeedStats, LinkStats, Stats, StreamStats } from '../../relay/stats-schema.js';
import { readFeedEntry } from '../../relay/rules/rules.js';
import type { Tone } from '../../paint.js';
import { entries, linkFault } from './list-faults.js';
import { trackText } from './media-text.js';
import type { Cell, Column, Row } from '../terminal/table.js';
import { byName, plural } from '../terminal/text.js';
import { bytesText, durationText, kilobitsText, msText, signedMsText } from './units.js';

const MIN_NAME_WIDTH = 12;
const NOTHING = '-';
const STREAM_MUTED = {
  audio: 'its sound, or a part of it, is muted',
  all: 'it is muted: its tables go on, and nothing else',
};
const MUTED = { audio: 'its sound is muted', all: 'it is muted: nothing of it goes anywhere' };
/** The most PIDs that are listed with a mute. */
const MAX_WITHHELD = 8;

export const FEED_COLUMNS: readonly Column[] = [
  { title: 'FEED', minWidth: MIN_NAME_WIDTH },
  { title: 'STATE' },
  { title: 'KBIT/S', align: 'right' },
  { title: 'ERRORS', align: 'right' },
  { title: 'GOP', align: 'right' },
  { title: 'MEDIA', belowLabel: '' },
  { title: 'FROM', belowLabel: 'from' },
];

/** A row for each feed, by name. */
export function feedRows({ feeds, nowMs }: Stats): Row[] {
  return entries(feeds).map(([name, feed]) => {
    const errors = feed.continuityErrors + feed.transportErrors + feed.badSections;
    return {
      cells: [
        { text: name, tone: feed.fault ? 'wrong' : 'plain' },
        { text: `${feed.state} ${durationText(nowMs - feed.sinceMs)}`, tone: feedTone(feed) },
        kilobitsText(feed.bitsPerSecond.now),
        { text: String(errors), tone: errors > 0 ? 'notice' : 'plain' },
        feed.gopMs === null ? NOTHING : msText(feed.gopMs),
        mediaText(feed),
        feed.source ?? NOTHING,
      ],
      notes: [
        ...faultNotes(feed),
        ...noteOf(
          'notice',
          counted(
            [
              [feed.continuityErrors, 'continuity error'],
              [feed.transportErrors, 'transport error'],
              [feed.badSections, 'damaged table'],
            ],
            feed.skippedBytes > 0 ? [`${bytesText(feed.skippedBytes)} skipped`] : [],
          ),
        ),
        ...noteOf('notice', muteText(feed)),
      ],
    };
  });
}

export const STREAM_COLUMNS: readonly Column[] = [
  { title: 'STREAM', minWidth: MIN_NAME_WIDTH },
  { title: 'KBIT/S', align: 'right' },
  { title: 'READERS', align: 'right' },
  { title: 'TRACKS', belowLabel: '' },
  { title: 'CLOCKS', belowLabel: 'clocks:' },
];

/** A row for each stream, by name. */
export function streamRows({ streams }: Stats): Row[] {
  return entries(streams).map(([name, stream]) => ({
    cells: [
      { text: name, tone: stream.fault ? 'wrong' : 'plain' },
      kilobitsText(stream.bitsPerSecond.now),
      String(stream.subscribers),
      stream.tracks.map(({ feed, codec }) => `${feed} ${codec}`).join(', ') || NOTHING,
      clocksText(stream),
    ],
    notes: [
      ...faultNotes(stream),
      ...noteOf('notice', missingText(stream)),
      ...noteOf('notice', stream.muted === null ? '' : STREAM_MUTED[stream.muted]),
      ...noteOf('notice', omittedText(stream)),
      ...noteOf(
        'notice',
        counted([
          [stream.counters.lost, 'packet lost', 'packets lost'],
          [stream.counters.damaged, 'packet damaged', 'packets damaged'],
          [stream.timing.lateUnits, 'unit late', 'units late'],
          [stream.timing.jumps, 'jump in time', 'jumps in time'],
          [stream.counters.omittedTracks, 'track too many', 'tracks too many'],
        ]),
      ),
    ],
  }));
}

export const DESTINATION_COLUMNS: readonly Column[] = [
  { title: 'DESTINATION', minWidth: MIN_NAME_WIDTH },
  { title: 'STREAM', minWidth: MIN_NAME_WIDTH },
  { title: 'STATE' },
  { title: 'KBIT/S', align: 'right' },
  { title: 'WAITING', align: 'right' },
  { title: 'DROPPED', align: 'right' },
  { title: 'PING', align: 'right' },
  { title: 'TO', belowLabel: 'to' },
];

/** A row for each destination, by id. */
export function destinationRows({ destinations, nowMs }: Stats): Row[] {
  return entries(destinations).map(([id, { stream, live, pending }]) => ({
    cells: [
      { text: id, tone: linkFault(live) || (pending && linkFault(pending)) ? 'wrong' : 'plain' },
      stream,
      { text: `${live.state} ${durationText(nowMs - live.sinceMs)}`, tone: linkTone(live) },
      kilobitsText(live.bitsPerSecond.now),
      bytesText(live.waitingBytes),
      { text: String(live.droppedMessages), tone: live.droppedMessages > 0 ? 'notice' : 'plain' },
      live.pingMs === null ? NOTHING : msText(live.pingMs),
      live.url,
    ],
    notes: [
      ...linkNotes(live, nowMs),
      ...(pending === null
        ? []
        : [{ text: pendingEndpointText(pending, nowMs), tone: 'notice' as const }, ...linkNotes(pending, nowMs)]),
    ],
  }));
}

function pendingEndpointText({ url, state, sinceMs }: LinkStats, nowMs: number): string {
  return `changing to ${url}: ${state} ${durationText(nowMs - sinceMs)}`;
}

/** The fault of a link and the time of the next dial; or its last error. */
function linkNotes(link: LinkStats, nowMs: number): Cell[] {
  const fault = linkFault(link);
  const next = link.nextDialMs === null ? '' : `; next try in ${durationText(link.nextDialMs - nowMs)}`;
  if (fault !== null) {
    const tries = link.state !== 'open' || link.opens > 1 ? `, ${plural(link.attempts, 'try', 'tries')} so far` : '';
    return noteOf('wrong', `! ${fault.message} (${fault.code})${next}${tries}`);
  }
  if (link.lastError === null || link.lastErrorMs === null) return [];
  const often = link.opens > 1 ? `opened ${link.opens} times; ` : '';
  return noteOf('quiet', `${often}last error ${durationText(nowMs - link.lastErrorMs)} ago: ${link.lastError}${next}`);
}

function feedTone({ state, fault }: FeedStats): Tone {
  if (fault !== null) return 'wrong';
  return ({ live: 'good', silent: 'notice', absent: 'quiet' } as const)[state];
}

function linkTone(link: LinkStats): Tone {
  if (linkFault(link) !== null) return 'wrong';
  return link.state === 'open' ? 'good' : 'notice';
}

function mediaText({ tracks, opaqueMessages }: FeedStats): string {
  const texts = tracks.map(trackText);
  if (opaqueMessages > 0) texts.push(`data (${plural(opaqueMessages, 'message')})`);
  return texts.join(', ') || NOTHING;
}

/** The offset errors of the feeds' clocks, and their drift. */
function clocksText({ clocks }: StreamStats): string {
  const others = clocks.filter(({ isReference }) => !isReference);
  const texts = others.map(({ feed, errorMs, driftPpm }) => {
    return `${feed} ${errorMs === null ? 'not known yet' : signedMsText(errorMs)}, ${Math.round(driftPpm)} ppm`;
  });
  return texts.join('; ') || NOTHING;
}

/** The feeds of the rule that contribute no track. */
function missingText({ feeds, tracks }: StreamStats): string {
  const missing = feeds.filter((entry) => !tracks.some(({ feed }) => feed === readFeedEntry(entry).feed));
  return missing.length === 0 ? '' : `nothing comes from ${[...missing].sort(byName).join(', ')}`;
}

/** That a feed is muted, and what is withheld for it: `its sound is muted; withheld: PID 257, 0x06 (why)`. */
function muteText({ muted, mutedBinary, withheld, withheldMessages }: FeedStats): string {
  if (muted === null) return '';
  const passes = mutedBinary === 'pass' ? ', binary messages pass' : '';
  const list = withheldText(withheld.map(pidText), withheldMessages);
  return `${MUTED[muted]}${passes}${list === '' ? '' : `; withheld: ${list}`}`;
}

/** What is withheld of feeds of which the rule sends the picture alone. */
function omittedText({ withheld, withheldMessages }: StreamStats): string {
  const list = withheldText(
    withheld.map((one) => `${one.feed} ${pidText(one)}`),
    withheldMessages,
  );
  return list === '' ? '' : `withheld: ${list}`;
}

function withheldText(pids: readonly string[], messages: number): string {
  const more = pids.length > MAX_WITHHELD ? [`${pids.length - MAX_WITHHELD} PIDs more`] : [];
  return [...pids.slice(0, MAX_WITHHELD), ...more, ...(messages > 0 ? [plural(messages, 'message')] : [])].join(', ');
}

/** `PID 257, stream type 0x06 (why)`. */
function pidText({ pid, streamType, reason }: { pid: number; streamType: number | null; reason: string }): string {
  const type = streamType === null ? '' : `, stream type 0x${streamType.toString(16).padStart(2, '0')}`;
  return `PID ${pid}${type} (${reason})`;
}

function faultNotes({ fault }: FeedStats | StreamStats): Cell[] {
  return fault === null ? [] : noteOf('wrong', `! ${fault.message} (${fault.code})`);
}

function noteOf(tone: Tone, text: string): Cell[] {
  return text === '' ? [] : [{ text, tone }];
}

/** Non-zero counts as text: `3 continuity errors, 1 damaged table`. */
function counted(counts: readonly (readonly [number, string, string?])[], more: readonly string[] = []): string {
  const texts = counts.filter(([count]) => count > 0).map(([count, one, many]) => plural(count, one, many));
  return [...texts, ...more].join(', ');
}
