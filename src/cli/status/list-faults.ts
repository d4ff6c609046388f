// The current faults of a relay, from its stats. Pure.

import type { LinkStats, Stats } from '../../relay/stats-schema.js';
import type { Fault } from '../../relay/events/event.js';
import { byName } from '../terminal/text.js';

/** A fault and where it is. */
export interface ListedFault {
  /** `feed video0`, `destination 1`. */
  readonly what: string;
  readonly fault: Fault;
}

/** All faults: of what is saved; of feeds, streams and destinations, each sorted by name; of the log. */
export function listFaults({ feeds, streams, destinations, process, state }: Stats): ListedFault[] {
  const { error } = process.log;
  return [
    ...(state.fault === null ? [] : [{ what: 'saved rules', fault: state.fault }]),
    ...each('feed', feeds, ({ fault }) => [fault]),
    ...each('stream', streams, ({ fault }) => [fault]),
    ...each('destination', destinations, ({ live, pending }) => [linkFault(live), pending && linkFault(pending)]),
    ...(error === null
      ? []
      : [{ what: 'log', fault: { code: 'other' as const, message: `it cannot be written: ${error}` } }]),
  ];
}

/** The fault of a link; one that is dropping messages is slow, even if the relay reports no fault. */
export function linkFault({ fault, isDropping }: LinkStats): Fault | null {
  if (fault !== null || !isDropping) return fault;
  return { code: 'slow', message: 'the relay server is slow: messages are dropped' };
}

function each<T>(
  kind: string,
  all: Readonly<Record<string, T>>,
  faultsOf: (one: T) => (Fault | null)[],
): ListedFault[] {
  return entries(all).flatMap(([name, one]) => {
    return faultsOf(one).flatMap((fault) => (fault === null ? [] : [{ what: `${kind} ${name}`, fault }]));
  });
}

/** The entries of a record, sorted by name. */
export function entries<T>(all: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(all).sort(([a], [b]) => byName(a, b));
}
