// One source of the demo: plays a recording in real time and uploads it over HTTP, as ffmpeg does. While another source
// has taken the feed over it is on standby, and resumes when the feed is free again.

import type { ClientRequest } from 'node:http';
import { openRequest } from '../http-client.js';
import type { Log } from '../log/log.js';
import { dueMs, firstUnit, type DemoMedia } from './media.js';

/** A source that is later than this (the machine slept) skips what it missed and continues with what is due. */
const STALLED_MS = 1000;
/** How often a feed with another source is checked. */
const CHECK_INTERVAL_MS = 1000;

/** Callbacks of a source. */
export interface SourceOwner {
  /** Whether the feed has no source. */
  isFree(feed: string): Promise<boolean>;
  /** The upload has ended unexpectedly; `reason` is the relay's. */
  uploadFailed(feed: string, reason: string): void;
  /** The upload has resumed after that. */
  uploadResumed(feed: string): void;
}

/** What is uploaded, and where. */
export interface DemoUpload {
  readonly feed: string;
  readonly media: DemoMedia;
  /** Without a trailing slash. */
  readonly relayUrl: string;
}

/** Uploads a recording to a relay's feed until it is stopped. */
export class DemoSource {
  #request: ClientRequest | null = null;
  #timer: NodeJS.Timeout | undefined;
  #origin = 0; // the first unit of a lap, from which time stamps are counted
  #unit = 0; // the next, counted from 1970
  #isFirst = true;
  #isStopped = false;

  constructor(
    private readonly upload: DemoUpload,
    private readonly owner: SourceOwner,
    private readonly log: Log,
  ) {}

  /** Starts an upload with the next random access point. */
  start(): void {
    const { feed, media, relayUrl } = this.upload;
    const { count } = media.loop;
    this.#unit = firstUnit(media, wallMs());
    // Time stamps within the first lap, as every ffmpeg process has its own clock, which the relay has to align.
    this.#origin = Math.floor(this.#unit / count) * count;
    this.#isFirst = true;
    const one = openRequest(`${relayUrl}/ts/${feed}`, {
      method: 'POST',
      headers: { 'Content-Type': 'video/mp2t', 'Transfer-Encoding': 'chunked' },
    });
    this.#request = one;
    one.setNoDelay(true);
    one.on('response', (response) => {
      response.resume();
      this.#ended(one, `${response.statusCode ?? 0} ${response.statusMessage ?? ''}`);
    });
    one.on('error', (error) => this.#ended(one, error.message));
    this.#waitForNext();
  }

  /** Ends the upload cleanly; resolves when the relay has answered. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const one = this.#request;
    if (!one) return;
    await new Promise<void>((resolve) => {
      one.once('close', resolve);
      one.end();
    });
  }

  readonly #send = (): void => {
    const { media } = this.upload;
    const one = this.#request;
    if (!one) return;
    const now = wallMs();
    if (now - dueMs(media, this.#unit) > STALLED_MS) this.#unit = firstUnit(media, now);
    for (; dueMs(media, this.#unit) <= now; this.#unit++) {
      const number = this.#unit - this.#origin;
      one.write(this.#isFirst ? media.loop.firstPackets(number) : media.loop.packets(number));
      this.#isFirst = false;
    }
    this.#waitForNext();
  };

  #waitForNext(): void {
    this.#timer = setTimeout(this.#send, Math.max(0, dueMs(this.upload.media, this.#unit) - wallMs()));
  }

  #ended(one: ClientRequest, reason: string): void {
    if (this.#request !== one) return;
    this.#request = null;
    clearTimeout(this.#timer);
    one.destroy();
    if (this.#isStopped) return;
    this.owner.uploadFailed(this.upload.feed, reason);
    this.#checkStalled();
  }

  #checkStalled(): void {
    const { feed } = this.upload;
    this.#timer = setTimeout(() => {
      this.owner.isFree(feed).then(
        (isFree) => {
          if (this.#isStopped) return;
          if (!isFree) return this.#checkStalled();
          this.start();
          this.owner.uploadResumed(feed);
        },
        (error: unknown) => {
          this.log.debug('the feed could not be checked', { feed, reason: (error as Error).message });
          if (!this.#isStopped) this.#checkStalled();
        },
      );
    }, CHECK_INTERVAL_MS);
  }
}

/** Milliseconds since 1970, by a monotonic clock. */
function wallMs(): number {
  return performance.timeOrigin + performance.now();
}
