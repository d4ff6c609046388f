// The way out to one reader: a WebSocket or a response. Here, and nowhere else, a reader's messages wait.

import type { Message } from '../message.js';
import type { Drainable } from './backpressure.js';

/** What carries one reader's messages. */
export interface Outlet extends Drainable {
  /** The memory of what waits for the reader, as a {@link Backlog} weighs it, in bytes; -1 while nothing can be sent. */
  readonly waitingBytes: number;
  /** Takes a message, whose data is lent: what is not with the system when this returns is copied. */
  send(message: Message): void;
  /** Cuts the connection: the reader has read nothing for long. Without it, something else notices that. */
  abort?(): void;
}
