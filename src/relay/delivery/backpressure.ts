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
export function awaitDrainOf(frameSink: Writable, ready: () => void): Backpressure {
  if (!frameSink.writable) return 'goes-without';
  if (!frameSink.writableNeedDrain || frameSink.writableLength < MUCH_BYTES) return 'keeps-up';
  frameSink.setMaxListeners(0); // one for each upload that waits for it, and those are limited
  frameSink.once('drain', ready);
  return () => frameSink.off('drain', ready);
}

/** As {@link Drainable.awaitDrain}, of the first of several readers that goes on. */
export function awaitFirstDrain(readers: readonly Drainable[], ready: () => void): Backpressure {
  const cancels: (() => void)[] = [];
  const cancel = () => cancels.forEach((each) => each());
  for (const reader of readers) {
    const backpressure = reader.awaitDrain ? reader.awaitDrain(ready) : 'keeps-up';
    if (backpressure === 'keeps-up') {
      cancel();
      return backpressure;
    }
    if (backpressure !== 'goes-without') cancels.push(backpressure);
  }
  return cancels.length === 0 ? 'goes-without' : cancel;
}
