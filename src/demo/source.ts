// One source of the demo: plays a recording at the speed of life and uploads it, as an ffmpeg does, over HTTP. When somebody
// else takes the feed over it stands by, and comes back when they have gone.

import { type ClientRequest, request } from 'node:http';
import type { Log } from '../log.js';
import { dueMs, firstUnit, type Media } from './media.js';

/** Who is so late (the machine slept) does not send what it missed, but goes on with what is due. */
const STALLED_MS = 1000;
/** How often a feed that somebody else has is looked at. */
const LOOK_MS = 1000;

/** What a source wants of who runs it. */
export interface SourceOwner {
  /** Whether nobody sends to the feed. */
  isFree(feed: string): Promise<boolean>;
  /** The upload has ended though it was not to; `reason`: what the relay said. */
  lost(feed: string, reason: string): void;
  /** It is uploading again after that. */
  resumed(feed: string): void;
}

/** Uploads a recording to a relay's feed until it is stopped. */
export class Source {
  #request: ClientRequest | null = null;
  #timer: NodeJS.Timeout | undefined;
  #origin = 0; // the unit that a lap begins at and that stamps are counted from
  #unit = 0; // the next, counted from 1970
  #isFirst = true;
  #isStopped = false;

  constructor(
    readonly feed: string,
    private readonly relayUrl: string,
    private readonly media: Media,
    private readonly owner: SourceOwner,
    private readonly log: Log,
  ) {}

  /** Begins an upload, with the next unit that can be begun at. */
  start(): void {
    const { count } = this.media.loop;
    this.#unit = firstUnit(this.media, wallMs());
    // Stamps from within the first lap, as each process of ffmpeg's has its own: the relay is to bring them together.
    this.#origin = Math.floor(this.#unit / count) * count;
    this.#isFirst = true;
    const one = request(`${this.relayUrl}/ts/${this.feed}`, {
      method: 'POST',
      agent: false, // nobody's settings for proxies
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

  /** Ends the upload in order; resolves when the relay has answered. */
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
    const { media } = this;
    const now = wallMs();
    if (now - dueMs(media, this.#unit) > STALLED_MS) this.#unit = firstUnit(media, now);
    for (; dueMs(media, this.#unit) <= now; this.#unit++) {
      this.#request!.write(media.loop.packets(this.#unit - this.#origin, this.#isFirst));
      this.#isFirst = false;
    }
    this.#waitForNext();
  };

  #waitForNext(): void {
    this.#timer = setTimeout(this.#send, Math.max(0, dueMs(this.media, this.#unit) - wallMs()));
  }

  #ended(one: ClientRequest, reason: string): void {
    if (this.#request !== one) return;
    this.#request = null;
    clearTimeout(this.#timer);
    one.destroy();
    if (this.#isStopped) return;
    this.owner.lost(this.feed, reason);
    this.#look();
  }

  #look(): void {
    this.#timer = setTimeout(() => {
      this.owner.isFree(this.feed).then(
        (isFree) => {
          if (this.#isStopped) return;
          if (!isFree) return this.#look();
          this.start();
          this.owner.resumed(this.feed);
        },
        (error: unknown) => {
          this.log.debug('the feed could not be looked at', { feed: this.feed, reason: (error as Error).message });
          if (!this.#isStopped) this.#look();
        },
      );
    }, LOOK_MS);
  }
}

/** Milliseconds since 1970, by a clock that nobody sets. */
function wallMs(): number {
  return performance.timeOrigin + performance.now();
}
