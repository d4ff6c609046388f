// The common part of every upload of MPEG-TS, however its bytes arrive: finds the packets and publishes them to a feed.

import { PACKET_BYTES } from '../mpegts/packet/packet.js';
import { Packetizer } from '../mpegts/packet/packetizer.js';
import type { Feed, Publication } from '../relay/feed/feed.js';
import type { Source } from '../relay/feed/sink.js';

/** The summary of an upload that its sender is sent at the end. */
export interface UploadSummary {
  readonly feed: string;
  readonly bytes: number;
  readonly packets: number;
  readonly skippedBytes: number;
}

/**
 * One source of a feed, from its first byte to its last. It is the feed's source from the first byte of its body on if there is
 * no other, and replaces another with its first whole packet: a request without one (a form, a probe) does not interrupt a
 * camera, and one without a body leaves nothing behind. One whose body had no packet does: its feed stays listed for
 * `forgetAfterMs`, and `skippedBytes` says to whoever sent something else than MPEG-TS where it went.
 */
export class Upload {
  readonly #feed: Feed;
  readonly #source: Source;
  readonly #release: () => void;
  readonly #packetizer = new Packetizer();
  #publication: Publication | null = null;
  #bytes = 0;
  #packets = 0;
  #skipped = 0;
  #ended = false;

  /** @param superseded another source has taken the feed over: answer the sender and end. */
  constructor(feed: Feed, address: string, superseded: () => void) {
    this.#feed = feed;
    this.#source = {
      address,
      superseded: () => {
        this.#ended = true;
        this.#release();
        superseded();
      },
    };
    this.#release = feed.reserve(this.#source);
  }

  /** Takes the bytes of one read; their packets are published as one message. The caller may reuse `bytes` afterwards;
   *  `headroom` bytes before it may be overwritten. */
  push(bytes: Uint8Array, headroom = 0): void {
    if (this.#ended || bytes.length === 0) return;
    this.#bytes += bytes.length;
    if (!this.#feed.hasSource) this.#publication = this.#feed.open(this.#source);
    this.#publish(this.#packetizer.push(bytes, headroom));
  }

  /** The source has ended, regularly or not: publishes the last whole packet. */
  end(): UploadSummary {
    if (!this.#ended) {
      this.#ended = true;
      this.#publish(this.#packetizer.flush());
      this.#publication?.close();
      this.#release();
    }
    return { feed: this.#feed.name, bytes: this.#bytes, packets: this.#packets, skippedBytes: this.#skipped };
  }

  #publish(packets: Uint8Array | null): void {
    const { skippedBytes } = this.#packetizer;
    if (skippedBytes !== this.#skipped) {
      this.#feed.skippedBytes += skippedBytes - this.#skipped;
      this.#skipped = skippedBytes;
    }
    if (packets === null) return;
    this.#publication ??= this.#feed.open(this.#source);
    this.#packets += packets.length / PACKET_BYTES;
    this.#publication.publish(packets);
  }
}
