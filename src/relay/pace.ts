// Backpressure: a source that is faster than all of its readers may be throttled.

import type { Writable } from 'node:stream';

/** More than this waits for a reader only where its source is faster than it, or it stands still. */
const MUCH_BYTES = 1 << 15;

/**
 * A reader's state: ready; or dropping messages, so that no source waits for it; or its queue is longer than one read, and
 * this function cancels the waiting.
 */
export type Backpressure = 'keeps-up' | 'goes-without' | (() => void);

/** A reader that a source can wait for; without the method it is always ready. */
export interface Drainable {
  /** Calls `ready` when what waits for the reader is gone, if much does. */
  awaitDrain?(ready: () => void): Backpressure;
}

/** As {@link Drainable.awaitDrain}, of what carries a reader's messages. */
export function awaitDrainOf(carrier: Writable, ready: () => void): Backpressure {
  if (!carrier.writable) return 'goes-without';
  if (!carrier.writableNeedDrain || carrier.writableLength < MUCH_BYTES) return 'keeps-up';
  carrier.once('drain', ready);
  return () => carrier.off('drain', ready);
}

/** As {@link Drainable.awaitDrain}, of the first of several readers that goes on. */
export function awaitFirstDrain(readers: readonly Drainable[], ready: () => void): Backpressure {
  const callOffs: (() => void)[] = [];
  const callOff = () => callOffs.forEach((each) => each());
  for (const reader of readers) {
    const pace = reader.awaitDrain ? reader.awaitDrain(ready) : 'keeps-up';
    if (pace === 'keeps-up') {
      callOff();
      return pace;
    }
    if (pace !== 'goes-without') callOffs.push(pace);
  }
  return callOffs.length === 0 ? 'goes-without' : callOff;
}
