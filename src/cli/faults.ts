// What is wrong with a relay now, from its stats. Pure.

import type { Stats } from '../relay/stats-schema.js';
import type { Fault } from '../relay/event.js';
import { byName } from './text.js';

type LinkStats = Stats['destinations'][string]['live'];

/** Something that is wrong, and with what. */
export interface Wrong {
  /** `feed video0`, `destination 1`. */
  readonly what: string;
  readonly fault: Fault;
}

/** Everything that is wrong: feeds, streams, destinations, each by name; the log. */
export function whatIsWrong({ feeds, streams, destinations, process }: Stats): Wrong[] {
  const { error } = process.log;
  return [
    ...each('feed', feeds, ({ fault }) => [fault]),
    ...each('stream', streams, ({ fault }) => [fault]),
    ...each('destination', destinations, ({ live, coming }) => [linkFault(live), coming && linkFault(coming)]),
    ...(error === null
      ? []
      : [{ what: 'log', fault: { code: 'other' as const, words: `it cannot be written: ${error}` } }]),
  ];
}

/** What is wrong with a link; one that goes without messages is slow, also where nobody says so. */
export function linkFault({ fault, isDropping }: LinkStats): Fault | null {
  if (fault !== null || !isDropping) return fault;
  return { code: 'slow', words: 'the relay server is slow: messages are dropped' };
}

function each<T>(kind: string, all: Readonly<Record<string, T>>, faultsOf: (one: T) => (Fault | null)[]): Wrong[] {
  return entries(all).flatMap(([name, one]) => {
    return faultsOf(one).flatMap((fault) => (fault === null ? [] : [{ what: `${kind} ${name}`, fault }]));
  });
}

/** What a record holds, by name. */
export function entries<T>(all: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(all).sort(([a], [b]) => byName(a, b));
}
