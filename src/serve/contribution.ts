// What one publisher brings to a topic. Of several the newest counts, from its first random access point on: until then
// the one before goes on, and what the newest has brought is kept, so that nothing is lost where the old one falls silent
// first (a board that renews its token leaves one link for another).
//
//   newest, others publish ──(random access point, or the others leave)──▶ counts ──(a newer one counts)──▶ stands by
//   stands by ──(nobody counts any more)──▶ counts

import { Inspector } from '../mpegts/inspector.js';
import { isTransportStream } from '../mpegts/is-transport-stream.js';
import type { Publication, Sink } from '../relay/feed.js';
import type { Room } from './room.js';

/** What is kept of one that does not count yet. */
const MAX_KEPT_BYTES = 2_000_000;

/** One publisher's hold on a room. */
export class Contribution {
  /** The hold on the feed of the one that counts. */
  publication: Publication | null = null;

  readonly #room: Room;
  /** Who came later is newer. */
  readonly #number: number;
  readonly #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #scout: Inspector | null = null; // looks for the random access point

  /**
   * @param isAlone whether all that it sends is one publication (`/in`); if not, only its transport streams are, and
   * other messages go to everybody else as they come (`/bi`, `/session`).
   * @param own its own place among the viewers, which does not hear what it sends.
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

  /** Whether it came after another. */
  isNewerThan(other: Contribution): boolean {
    return this.#number > other.#number;
  }

  /** A message. */
  take(data: Uint8Array, isBinary: boolean): void {
    const { traffic } = this.#room;
    traffic.receivedMessages++;
    traffic.receivedBytes += data.length;
    if (isBinary && isTransportStream(data)) this.#takePackets(data);
    else this.#takeOpaque(data, isBinary);
  }

  /** It is gone. */
  leave(): void {
    this.#forget();
    this.#room.leave(this);
  }

  /** Nobody counts any more: it does, with what was kept since the last message of the one that did. */
  succeed(): void {
    const kept = [...this.#kept];
    this.#forget();
    if (kept.length === 0) return; // its next message is the first
    this.#room.takeOver(this, true);
    for (const data of kept) this.#room.publish(this, data);
  }

  /** The one that counts has sent something: what was kept has been heard in its version. */
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

  /** A newer one takes over at its first random access point. */
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
    const { opening } = this.#scout; // what came of it with messages that were kept
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
      room.takeOver(this, false); // there is nothing to wait for in what is no transport stream
    }
    room.feed.publishOpaque(isBinary ? 'binary' : 'text', data, this.own);
    if (room.counting === this) room.heard(this);
  }

  #forget(): void {
    this.#scout = null;
    this.#kept.length = this.#keptBytes = 0;
  }
}
