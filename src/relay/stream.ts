// A named programme made of feeds, after a stream rule. Until feeds are joined it hands their messages on as they come.

import type { Feed, Sink } from './feed.js';
import type { Message } from './message.js';

/** The stream of a name, as long as it has a rule or readers. */
export class Stream implements Sink {
  readonly name: string;
  #feeds: readonly Feed[] = [];
  #leave: readonly (() => void)[] = [];
  #sinks: readonly Sink[] = [];

  /** @param onIdle called when the last reader has gone. */
  constructor(
    name: string,
    private readonly onIdle: () => void = () => undefined,
  ) {
    this.name = name;
  }

  /** Whether nobody reads the stream. */
  get isIdle(): boolean {
    return this.#sinks.length === 0;
  }

  /** The feeds that make up the stream from now on; those that stay are not disturbed. */
  setFeeds(feeds: readonly Feed[]): void {
    const leave = feeds.map((feed) => {
      const at = this.#feeds.indexOf(feed);
      return at === -1 ? feed.subscribe(this) : this.#leave[at]!;
    });
    this.#feeds.forEach((feed, at) => {
      if (!feeds.includes(feed)) this.#leave[at]!();
    });
    this.#feeds = feeds;
    this.#leave = leave;
  }

  write(message: Message): void {
    for (const sink of this.#sinks) sink.write(message);
  }

  /** What the stream sends goes to `sink` too, until the returned function is called. */
  subscribe(sink: Sink): () => void {
    this.#sinks = [...this.#sinks, sink];
    return () => {
      this.#sinks = this.#sinks.filter((one) => one !== sink);
      if (this.isIdle) this.onIdle();
    };
  }
}
