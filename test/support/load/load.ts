// A load that measures delay: each chunk of packets carries the time at which it was sent.

import { RawUpload } from '../relay/upload.js';
import { packets } from '../mpegts/ts.js';
import { seeded } from '../random.js';

const RANDOM = seeded('sources');
const STAMP_AT = 20; // in the payload of a chunk's first packet

/** Sends `mbits` a second to a feed, a chunk every `everyMs`, until stopped. */
export class TimedSource {
  readonly #timer: NodeJS.Timeout;

  constructor(port: number, feed: string, mbits: number, everyMs: number) {
    const upload = RawUpload.begin(port, feed);
    const count = Math.max(1, Math.round((mbits * 1e6 * everyMs) / 8000 / 188));
    const began = performance.now() + RANDOM.number() * everyMs; // sources are not in step
    let sent = 0;
    this.#timer = setInterval(
      () => {
        for (; sent * everyMs <= performance.now() - began; sent++) {
          const chunk = packets(count);
          chunk.writeDoubleLE(performance.now(), STAMP_AT);
          upload.chunk(chunk);
        }
      },
      Math.min(everyMs, 4),
    );
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Milliseconds that the chunk at the beginning of a message was on its way. */
export function ageOf(message: Buffer): number {
  return performance.now() - message.readDoubleLE(STAMP_AT);
}

/** The value below which `share` of all are. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
