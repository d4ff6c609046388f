// One publisher of a topic. Of several, the newest becomes active at its first random access point. Until then the
// previous one stays active, and what the newest sends is buffered, so that nothing is lost if the old one stops first
// (a board that renews its token changes from one link to another).
//
//   newest, others publish ──(random access point, or the others leave)──▶ active ──(a newer one is active)──▶ standby
//   standby ──(no active publisher)──▶ active

import { Inspector } from '../../mpegts/inspect/inspector.js';
import { isTransportStream } from '../../mpegts/packet/is-transport-stream.js';
import type { Sink } from '../../relay/feed/sink.js';
import type { Feed, Publication } from '../../relay/feed/feed.js';
import type { OpaqueKind } from '../../relay/message.js';
import type { TrafficCounters } from './traffic.js';

/** The most that is buffered for a publisher that is not active yet. */
const MAX_BUFFERED_BYTES = 2_000_000;

/** What a publisher knows of its topic. (An interface, because topics know their publishers.) */
export interface PublishedTopic {
  readonly traffic: TrafficCounters;
  readonly feed: Feed;
  readonly activePublisher: Publisher | null;
  /** Makes a publisher the active one; of `'ts'`, it sends MPEG-TS. */
  activate(one: Publisher, kind: 'ts' | 'opaque'): void;
  /** Publishes whole packets of the active publisher. */
  publish(one: Publisher, data: Uint8Array): void;
  /** Notes that a publisher has sent something. */
  noteActivity(from: Publisher): void;
  removePublisher(one: Publisher): void;
}

/** How a client publishes. */
export interface PublisherRole {
  /**
   * Whether all that it sends is one publication (`/in`); if not, only its transport streams are, and other messages go to
   * all other clients as they arrive (`/bi`, `/session`).
   */
  readonly isExclusive: boolean;
  /** Its own sink as a viewer, which does not get what it sends; null: it does not view. */
  readonly own: Sink | null;
}

/** One publisher's connection to a topic. */
export class Publisher {
  /** The active publisher's publication to the feed. */
  publication: Publication | null = null;

  readonly #topic: PublishedTopic;
  readonly #number: number;
  readonly #buffered: Uint8Array[] = [];
  #bufferedBytes = 0;
  #inspector: Inspector | null = null; // finds the random access point

  /** @param number the order of arrival: the higher, the newer. */
  constructor(
    topic: PublishedTopic,
    number: number,
    readonly address: string,
    private readonly role: PublisherRole,
  ) {
    this.#topic = topic;
    this.#number = number;
  }

  /** Whether it arrived after another. */
  isNewerThan(other: Publisher): boolean {
    return this.#number > other.#number;
  }

  /** Handles a message. */
  receive(data: Uint8Array, kind: OpaqueKind): void {
    const { traffic } = this.#topic;
    traffic.receivedMessages++;
    traffic.receivedBytes += data.length;
    if (kind === 'binary' && isTransportStream(data)) this.#receivePackets(data);
    else this.#receiveOpaque(data, kind);
  }

  /** Ends the publisher: it has disconnected. */
  close(): void {
    this.#reset();
    this.#topic.removePublisher(this);
  }

  /**
   * Becomes active because no other publisher is, starting with what was buffered since the last message of the former.
   */
  promote(): void {
    const kept = [...this.#buffered];
    this.#reset();
    if (kept.length === 0) return; // nothing is buffered: it becomes active with its next message
    this.#topic.activate(this, 'ts');
    for (const data of kept) this.#topic.publish(this, data);
  }

  /** Discards the buffer: the active publisher has sent the media of that time. */
  clearBuffered(): void {
    this.#topic.traffic.heldBackMessages += this.#buffered.length;
    this.#buffered.length = this.#bufferedBytes = 0;
  }

  #receivePackets(data: Uint8Array): void {
    const { activePublisher } = this.#topic;
    if (activePublisher === this && this.publication) {
      this.#topic.publish(this, data);
    } else if (activePublisher === null || activePublisher === this) {
      this.#topic.activate(this, 'ts');
      this.#topic.publish(this, data);
    } else if (this.isNewerThan(activePublisher)) {
      this.#keepUntilAccessPoint(data);
    } else {
      this.#topic.traffic.heldBackMessages++;
    }
  }

  /** Buffers packets; takes over at the first random access point. */
  #keepUntilAccessPoint(data: Uint8Array): void {
    this.#inspector ??= new Inspector();
    const hasWaited = this.#inspector.packets > 0;
    if (this.#inspector.inspect(data) === -1) {
      if (this.#bufferedBytes + data.length > MAX_BUFFERED_BYTES) this.clearBuffered();
      this.#buffered.push(data);
      this.#bufferedBytes += data.length;
      return;
    }
    const tables = hasWaited ? this.#inspector.tables : null;
    const { opening } = this.#inspector; // includes what the buffered messages hold of it
    this.clearBuffered();
    this.#reset();
    this.#topic.activate(this, 'ts');
    if (tables) this.#topic.publish(this, tables);
    if (opening) this.#topic.publish(this, opening);
    this.#topic.publish(this, data);
  }

  #receiveOpaque(data: Uint8Array, kind: OpaqueKind): void {
    const topic = this.#topic;
    if (this.role.isExclusive && topic.activePublisher !== this) {
      if (topic.activePublisher?.isNewerThan(this)) {
        topic.traffic.heldBackMessages++;
        return;
      }
      topic.activate(this, 'opaque'); // without a transport stream there is no random access point to wait for
    }
    topic.feed.publishOpaque(kind, data, this.role.own);
    if (topic.activePublisher === this) topic.noteActivity(this);
  }

  #reset(): void {
    this.#inspector = null;
    this.#buffered.length = this.#bufferedBytes = 0;
  }
}
