// A viewer of a topic: its delivery, its share of the topic's traffic, and the check whether it reads anything at all.

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { Delivery } from '../../relay/delivery/delivery.js';
import type { DropObserver } from '../../relay/delivery/drop-policy.js';
import { FrameOutlet } from '../../relay/delivery/frame-outlet.js';
import { ReadProgress } from '../../relay/delivery/read-progress.js';
import { serverFrameBuilder } from '../../relay/framing/frame.js';
import type { ServeLimits } from '../../config/limits.js';
import type { TrafficCounters } from '../topics/traffic.js';

/** One viewer of a topic. */
export class TopicViewer {
  /** The subscriber of the topic. */
  readonly delivery: Delivery;
  readonly #outlet: FrameOutlet;
  readonly #progress: ReadProgress;
  // What the topic's traffic has of it already.
  #sentMessages = 0;
  #sentBytes = 0;
  #droppedMessages = 0;
  #droppedBytes = 0;

  /** @param frameSink the connection under `socket`. */
  constructor(socket: WebSocket, frameSink: Socket, limits: ServeLimits, observer: DropObserver) {
    this.#outlet = new FrameOutlet(socket, frameSink, serverFrameBuilder);
    this.#progress = new ReadProgress(limits.stuckAfterMs);
    // Stuck viewers are detected here, in finer steps, and also when nothing more is sent.
    this.delivery = new Delivery(this.#outlet, { ...limits, stuckAfterMs: Infinity }, observer);
  }

  /** Adds to `traffic` what was sent and dropped since the last call. */
  count(traffic: TrafficCounters): void {
    const { sentMessages, sentBytes, droppedMessages, droppedBytes } = this.delivery;
    traffic.sentMessages += sentMessages - this.#sentMessages;
    traffic.sentBytes += sentBytes - this.#sentBytes;
    traffic.droppedMessages += droppedMessages - this.#droppedMessages;
    traffic.droppedBytes += droppedBytes - this.#droppedBytes;
    this.#sentMessages = sentMessages;
    this.#sentBytes = sentBytes;
    this.#droppedMessages = droppedMessages;
    this.#droppedBytes = droppedBytes;
  }

  /** Whether it has read nothing of its backlog for the time that is allowed. Called about once a second. */
  isStuck(nowMs: number): boolean {
    return this.#progress.check(this.#outlet.acceptedBytes, this.#outlet.unsentBytes, nowMs);
  }
}
