// One publisher of a topic. Of several, the newest becomes active at its first random access point. Until then the
// previous one stays active, and what the newest sends is buffered, so that nothing is lost if the old one stops first
// (a board that renews its token changes from one link to another).
//
//   newest, others publish ──(random access point, or the others leave)──▶ active ──(a newer one is active)──▶ standby
//   standby ──(no active publisher)──▶ active

import { Inspector } from '../mpegts/inspector.js';
import { isTransportStream } from '../mpegts/is-transport-stream.js';
import type { Publication, Sink } from '../relay/feed.js';
import type { Room } from './room.js';

/** The most that is buffered for a publisher that is not active yet. */
const MAX_KEPT_BYTES = 2_000_000;

/** One publisher's connection to a topic. */
export class Contribution {
  /** The active publisher's publication to the feed. */
  publication: Publication | null = null;

  readonly #room: Room;
  /** Order of arrival: the higher, the newer. */
  readonly #number: number;
  readonly #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #scout: Inspector | null = null; // finds the random access point

  /**
   * @param isAlone whether all that it sends is one publication (`/in`); if not, only its transport streams are, and other
   * messages go to all other clients as they arrive (`/bi`, `/session`).
   * @param own its own sink as a viewer, which does not get what it sends.
   */
  constructor(
    room: Room,
    number: number,
    readonly address: string,
    private readonly isAlone: boolean,
    private readonly own: Sink | null,
  ) {
    this.#room = room;
    this.#number = number;
  }

  /** Whether it arrived after another. */
  isNewerThan(other: Contribution): boolean {
    return this.#number > other.#number;
  }

  /** Handles a message. */
  take(data: Uint8Array, isBinary: boolean): void {
    const { traffic } = this.#room;
    traffic.receivedMessages++;
    traffic.receivedBytes += data.length;
    if (isBinary && isTransportStream(data)) this.#takePackets(data);
    else this.#takeOpaque(data, isBinary);
  }

  /** Ends the publisher: it has disconnected. */
  leave(): void {
    this.#forget();
    this.#room.leave(this);
  }

  /**
   * Becomes active because no other publisher is, starting with what was buffered since the last message of the former.
   */
  succeed(): void {
    const kept = [...this.#kept];
    this.#forget();
    if (kept.length === 0) return; // nothing is buffered: it becomes active with its next message
    this.#room.takeOver(this, true);
    for (const data of kept) this.#room.publish(this, data);
  }

  /** Discards the buffer: the active publisher has sent the media of that time. */
  forgetKept(): void {
    this.#room.traffic.heldBackMessages += this.#kept.length;
    this.#kept.length = this.#keptBytes = 0;
  }

  #takePackets(data: Uint8Array): void {
    const { counting } = this.#room;
    if (counting === this && this.publication) {
      this.#room.publish(this, data);
    } else if (counting === null || counting === this) {
      this.#room.takeOver(this, true);
      this.#room.publish(this, data);
    } else if (this.isNewerThan(counting)) {
      this.#wait(data);
    } else {
      this.#room.traffic.heldBackMessages++;
    }
  }

  /** Buffers packets; takes over at the first random access point. */
  #wait(data: Uint8Array): void {
    this.#scout ??= new Inspector();
    const hasWaited = this.#scout.packets > 0;
    if (this.#scout.inspect(data) === -1) {
      if (this.#keptBytes + data.length > MAX_KEPT_BYTES) this.forgetKept();
      this.#kept.push(data);
      this.#keptBytes += data.length;
      return;
    }
    const tables = hasWaited ? this.#scout.tables : null;
    const { opening } = this.#scout; // includes what the buffered messages hold of it
    this.forgetKept();
    this.#forget();
    this.#room.takeOver(this, true);
    if (tables) this.#room.publish(this, tables);
    if (opening) this.#room.publish(this, opening);
    this.#room.publish(this, data);
  }

  #takeOpaque(data: Uint8Array, isBinary: boolean): void {
    const room = this.#room;
    if (this.isAlone && room.counting !== this) {
      if (room.counting?.isNewerThan(this)) {
        room.traffic.heldBackMessages++;
        return;
      }
      room.takeOver(this, false); // without a transport stream there is no random access point to wait for
    }
    room.feed.publishOpaque(isBinary ? 'binary' : 'text', data, this.own);
    if (room.counting === this) room.heard(this);
  }

  #forget(): void {
    this.#scout = null;
    this.#kept.length = this.#keptBytes = 0;
  }
}
