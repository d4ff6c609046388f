// One who watches a topic: begins at tables and a random access point, goes without whole messages when it is slow, and
// is given up when it takes nothing any more. Writes frames past `ws.send`: each is built once for all viewers.

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Feed, Sink } from '../relay/feed.js';
import { serverFramePress } from '../relay/frame.js';
import { Gate, type GateObserver } from '../relay/gate.js';
import { Message } from '../relay/message.js';
import type { ServeLimits } from './limits.js';
import type { Traffic } from './traffic.js';

/** Writes what a feed sends to one WebSocket's connection. */
export class Viewer implements Sink {
  readonly #carrier: Socket;
  readonly #isSecure: boolean;
  readonly #feed: Feed;
  readonly #traffic: Traffic;
  readonly #limits: ServeLimits;
  readonly #gate: Gate;
  readonly #cameAt = performance.now();
  #hasBegun = false;
  #leftToTake = 0;
  #stillSince = -1;

  /** @param carrier the connection of a WebSocket that is open; nobody may close that without calling `leave` first. */
  constructor(carrier: Socket, feed: Feed, traffic: Traffic, limits: ServeLimits, observer: GateObserver) {
    this.#carrier = carrier;
    this.#isSecure = carrier instanceof TLSSocket;
    this.#feed = feed;
    this.#traffic = traffic;
    this.#limits = limits;
    this.#gate = new Gate(limits, observer);
  }

  write(message: Message): void {
    const carrier = this.#carrier;
    if (!carrier.writable) return; // it is closing
    if (!this.#hasBegun && message.kind === 'ts' && !this.#begin(message)) return;
    const waiting = carrier.writableLength;
    if ((waiting > 0 || this.#gate.isDropping) && !this.#gate.admits(message, waiting, performance.now())) {
      this.#traffic.droppedMessages++;
      this.#traffic.droppedBytes += message.data.length;
      return;
    }
    this.#send(message, waiting);
  }

  /** Whether it has taken nothing of what waits for it for the time that is allowed. To be asked about once a second. */
  isStuck(nowMs: number): boolean {
    const left = leftToTake(this.#carrier);
    if (left === 0 || left !== this.#leftToTake) this.#stillSince = nowMs;
    this.#leftToTake = left;
    return left > 0 && nowMs - this.#stillSince >= this.#limits.stuckMs;
  }

  /** Who joins while a source is there gets its tables first, and waits for a random access point, but not for ever. */
  #begin(message: Message): boolean {
    const isLate = performance.now() - this.#cameAt >= this.#limits.resumeAfterMs;
    if (message.joinAt === -1 && !isLate) return false;
    this.#hasBegun = true;
    const tables = message.begins ? null : this.#feed.tables;
    if (tables) this.#send(new Message('ts', tables), this.#carrier.writableLength);
    return true;
  }

  #send(message: Message, waitingBytes: number): void {
    const carrier = this.#carrier;
    // TLS takes what it is given some time later; so does a socket that is behind.
    if (this.#isSecure || waitingBytes > 0) {
      carrier.write(serverFramePress.give(message));
    } else {
      carrier.write(serverFramePress.lend(message));
      if (carrier.writableLength > 0) serverFramePress.leave();
    }
    this.#traffic.sentMessages++;
    this.#traffic.sentBytes += message.data.length;
  }
}

/**
 * Bytes that the system has not taken yet, in steps finer than whole writes. Node keeps what one write still has to go
 * in its handle, where its own socket time-out looks for progress too; without it the steps are coarser, nothing else.
 */
function leftToTake(carrier: Socket): number {
  const { _handle: handle } = carrier as unknown as { _handle?: { writeQueueSize?: number } | null };
  return carrier.writableLength + (handle?.writeQueueSize ?? 0);
}
