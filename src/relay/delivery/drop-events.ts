// The events of dropping: that messages are dropped for a reader, and how many there were.

import type { EventLog } from '../events/event-log.js';
import type { DropObserver } from './drop-policy.js';

/** A reader, as events name it: a viewer of the feed or stream `name`, or the destination `name`. */
export interface NamedReader {
  readonly reader: 'viewer' | 'destination';
  readonly name: string;
}

/**
 * Emits when dropping starts and ends. `facts` are logged with it; `subject` is the object that the reader is known by
 * (see {@link EventLog.emit}).
 */
export function dropEvents(
  events: EventLog,
  named: NamedReader,
  subject: object,
  facts: Readonly<Record<string, string>> = {},
): DropObserver {
  return {
    droppingStarted: () => events.emit({ type: 'dropping-started', ...named }, facts, subject),
    droppingEnded: (messages, bytes) =>
      events.emit({ type: 'dropping-ended', ...named, messages, bytes }, facts, subject),
  };
}
