// A local client's WebSocket on a feed or stream: receives it, and on a feed may also send, message for message.

import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { Feed } from '../feed/feed.js';
import type { Sink } from '../feed/sink.js';
import { answerPings } from '../framing/pongs.js';
import { throttleReads } from '../framing/read-throttle.js';
import { Heartbeat } from '../framing/heartbeat.js';
import type { Message, OpaqueKind } from '../message.js';
import type { Backpressure } from './backpressure.js';
import type { Relay } from '../relay.js';
import { isStreamName } from '../rules/rules.js';
import { serverFrameBuilder } from '../framing/frame.js';
import { Delivery } from './delivery.js';
import { dropEvents } from './drop-events.js';
import { FrameOutlet } from './frame-outlet.js';

/** Close code for a message that may not be sent here (RFC 6455 §7.4.1). */
const POLICY_VIOLATION = 1008;

/** Plays a feed or stream to a WebSocket until that closes. */
export class LocalClient implements Sink {
  readonly #socket: WebSocket;
  readonly #delivery: Delivery;
  #hasPublished = false; // binary messages

  /** @param frameSink the connection under `socket`. */
  constructor(socket: WebSocket, frameSink: Socket, name: string, relay: Relay) {
    this.#socket = socket;
    const outlet = new FrameOutlet(socket, frameSink, serverFrameBuilder);
    this.#delivery = new Delivery(outlet, relay.limits, dropEvents(relay.events, { reader: 'viewer', name }, this));
    const feed = isStreamName(name) ? null : relay.feed(name);
    this.#delivery.start(relay.cacheOf(name));
    const leave = feed ? feed.subscribeClient(this) : relay.subscribe(name, this);
    const heartbeat = new Heartbeat(socket, relay.limits, () => socket.terminate());
    answerPings(socket, frameSink);
    throttleReads(socket, () => relay.countThrottledRead(name));
    socket.on('error', (error) => relay.events.log.debug('local client failed', { name, reason: error.message }));
    socket.on('close', () => {
      heartbeat.stop();
      leave();
    });
    socket.on('message', (data: RawData, isBinary) => {
      if (feed) this.#receive(feed, data as Buffer, isBinary ? 'binary' : 'text');
      else socket.close(POLICY_VIOLATION, 'streams play only: send to one of their feeds');
    });
  }

  write(message: Message): void {
    this.#delivery.write(message);
  }

  get awaitsAccess(): boolean {
    return this.#delivery.awaitsAccess;
  }

  awaitDrain(ready: () => void): Backpressure {
    return this.#delivery.awaitDrain(ready);
  }

  #receive(feed: Feed, data: Buffer, kind: OpaqueKind): void {
    // Between the packets of an upload it would destroy the picture. One that has sent none does not end who publishes already.
    const { uploadState } = feed;
    if (kind === 'binary' && (uploadState === 'publishing' || (uploadState === 'connected' && !this.#hasPublished))) {
      this.#socket.close(POLICY_VIOLATION, 'an upload publishes this feed: text only, or another feed');
      return;
    }
    this.#hasPublished ||= kind === 'binary';
    feed.publishOpaque(kind, data, this);
  }
}
