// `vw status` as lines of text: the relay, its feeds, streams and destinations, and its faults. Pure.

import type { Stats } from '../../relay/stats-schema.js';
import { EVERY_FEED } from '../../relay/rules/mute-rule.js';
import { similarName } from '../../relay/rules/similar-name.js';
import type { Painter } from '../../paint.js';
import { entries, listFaults } from './list-faults.js';
import type { StatsSnapshot } from '../client/fetch-stats.js';
import {
  DESTINATION_COLUMNS,
  destinationRows,
  FEED_COLUMNS,
  feedRows,
  STREAM_COLUMNS,
  streamRows,
} from './status-tables.js';
import { type Column, type Row, tableLines } from '../terminal/table.js';
import { plural, unbroken, wrap } from '../terminal/text.js';
import { bytesText, durationText, msText } from './units.js';

/** Where text is printed: its width in columns (Infinity: nothing is truncated or wrapped) and its colours. */
export interface Surface {
  readonly width: number;
  readonly paint: Painter;
}

/** A page in three parts: if the terminal has too few lines, the tables are truncated, not the faults. */
export interface Page {
  readonly head: readonly string[];
  readonly tables: readonly string[];
  readonly tail: readonly string[];
}

/** The page for a relay's stats at a time. */
export function statusPage({ url, stats }: StatsSnapshot, { width, paint }: Surface, time = ''): Page {
  const table = (title: string, columns: readonly Column[], rows: readonly Row[]) => {
    return rows.length === 0 ? [paint(`no ${title}`, 'quiet')] : tableLines(columns, rows, width, paint);
  };
  return {
    head: headLines(url, stats, width, time),
    tables: [
      ...table('feeds', FEED_COLUMNS, feedRows(stats)),
      '',
      ...table('streams', STREAM_COLUMNS, streamRows(stats)),
      '',
      ...table('destinations', DESTINATION_COLUMNS, destinationRows(stats)),
    ],
    tail: [...muteLines(stats, width, paint), ...stateLines(stats, width, paint), ...faultLines(stats, width, paint)],
  };
}

/** The page of --watch while the relay is not reached; `page` is the last one before that. */
export function unreachablePage(trouble: string, page: Page | null, { width, paint }: Surface, time: string): Page {
  const { head, tables, tail } = page ?? { head: [], tables: [], tail: [] };
  const message = wrap(`${time} trying again: ${trouble}`, width).map((line) => paint(line, 'wrong'));
  return { head: page === null ? message : [...message, '', 'last known state:', ...head], tables, tail };
}

/** All lines of a page. */
export function pageLines({ head, tables, tail }: Page): string[] {
  return [head, tables, tail].filter((part) => part.length > 0).flatMap((part, i) => (i === 0 ? part : ['', ...part]));
}

function headLines(url: string, { process }: Stats, width: number, time: string): string[] {
  const { p50, p99 } = process.eventLoopDelayMs;
  const facts = [
    `vw ${process.version} at ${url}`,
    `up ${durationText(process.uptimeMs)}`,
    `memory ${bytesText(process.rssBytes)}`,
    `event loop ${msText(p50)} late (p99 ${msText(p99)})`,
    ...(process.log.lostLines > 0 ? [`${plural(process.log.lostLines, 'line')} of the log lost`] : []),
  ];
  return wrap(`${time} ${facts.map(unbroken).join(', ')}`.trimStart(), width);
}

function muteLines({ mutes, feeds }: Stats, width: number, paint: Painter): string[] {
  const all = entries(mutes);
  const texts = all.map(([feed, { tracks, binary }]) => {
    const whose = feed === EVERY_FEED ? 'every feed' : feed;
    const but = binary === 'pass' ? ' (binary messages pass)' : '';
    return tracks === 'audio' ? `the sound of ${whose}${but}` : `all of ${whose}`;
  });
  if (texts.length === 0) return [];
  const unknown = all.filter(([, { known }]) => !known).map(([feed]) => feed);
  const lines = [`muted: ${texts.join(', ')}`, ...unknown.map((feed) => unknownText(feed, Object.keys(feeds)))];
  return lines.flatMap((line) => wrap(line, width)).map((line) => paint(line, 'notice'));
}

/** What a restart would lose. What is wrong with the saved rules is a fault. */
function stateLines({ state, streams, destinations, mutes }: Stats, width: number, paint: Painter): string[] {
  const damaged = state.damaged.map(({ path, reason }) => `saved rules that cannot be read (${reason}): ${path}`);
  const hasRules = [streams, destinations, mutes].some((rules) => Object.keys(rules).length > 0);
  const inMemory = 'rules are kept in memory only: a restart loses them (VW_STATE=<file> keeps them)';
  const lines = state.file === null && hasRules ? [inMemory] : damaged;
  return lines.flatMap((line) => wrap(line, width)).map((line) => paint(line, 'notice'));
}

/** A mute of an unknown feed takes effect when the feed appears; or its name is misspelt. */
function unknownText(feed: string, feeds: readonly string[]): string {
  const similar = similarName(feed, feeds);
  const question = similar === null ? '' : ` (did you mean ${similar}?)`;
  return `mute of ${feed}: no such feed now; it will be muted when it comes${question}`;
}

function faultLines(stats: Stats, width: number, paint: Painter): string[] {
  const all = listFaults(stats);
  if (all.length === 0) {
    const isAll = Object.values(stats.mutes).every(({ known }) => known);
    return [paint(isAll ? 'all is well' : 'all else is well', 'good')];
  }
  const title = `${plural(all.length, 'thing is wrong', 'things are wrong')}:`;
  const lines = all.flatMap(({ what, fault }) =>
    wrap(`${what}: ${fault.message} (${fault.code})`, width, '  ', '    '),
  );
  return [title, ...lines].map((line) => paint(line, 'wrong'));
}
