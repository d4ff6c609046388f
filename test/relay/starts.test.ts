import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Admission } from '../../src/relay/delivery/admission.js';
import { Feed } from '../../src/relay/feed/feed.js';
import type { Sink } from '../../src/relay/feed/sink.js';
import { CacheBudget } from '../../src/relay/delivery/gop-cache.js';
import { DEFAULT_LIMITS, type Limits } from '../../src/config/limits.js';
import { Stream } from '../../src/relay/stream/stream.js';
import { Delivery } from '../../src/relay/delivery/delivery.js';
import { picture, tempFolder } from '../support/media/captures.js';
import { decode } from '../support/media/ffmpeg.js';
import { continuityErrors } from '../support/mpegts/packets-of.js';
import { withSetsOnce } from '../support/media/sets-once.js';

const PID = 0x100;
const NO_OBSERVER = { droppingStarted: () => undefined, droppingEnded: () => undefined };

/** A reader that keeps what it is sent. */
class Reader implements Sink {
  readonly got: Buffer[] = [];
  readonly #viewer: Delivery;

  constructor(limits: Limits = DEFAULT_LIMITS) {
    const send = ({ data }: { data: Uint8Array }) => void this.got.push(Buffer.from(data));
    this.#viewer = new Delivery({ waitingBytes: 0, send, abort: () => undefined }, limits, NO_OBSERVER);
  }

  begin(from: Feed | Stream): this {
    this.#viewer.start(from.cache);
    from.subscribe(this);
    return this;
  }

  get awaitsAccess(): boolean {
    return this.#viewer.awaitsAccess;
  }

  write(...args: Parameters<Delivery['write']>): void {
    this.#viewer.write(...args);
  }

  async decode() {
    const file = join(tempFolder(), 'reader.ts');
    writeFileSync(file, Buffer.concat(this.got));
    return decode(file);
  }
}

describe('late readers of a source that sends its parameter sets once', () => {
  for (const [what, type, codec, packets] of [
    ['H.264', 0x1b, 'libx264 -preset ultrafast -g 25 -sc_threshold 0', 1],
    ['MPEG-2 video', 0x02, 'mpeg2video -g 25 -sc_threshold 1000000000', 7],
  ] as const) {
    it(`start with a picture that decodes: ${what}, messages of ${packets} packets`, async () => {
      const bytes = withSetsOnce(picture(codec), PID, type);
      const feed = new Feed('video0', undefined, new CacheBudget(8e6));
      const stream = new Stream('stream/a');
      const early = new Stream('stream/b', undefined, new CacheBudget(8e6));
      early.setRule({ stream: 'stream/b', feeds: ['video0'] }, () => feed);
      const publication = feed.open({ address: 'here', superseded: () => undefined });
      const first = new Reader().begin(feed);
      const late: [string, number, Reader][] = [];
      for (let at = 0, done = 0; at < bytes.length; at += packets * 188) {
        publication.publish(bytes.subarray(at, at + packets * 188));
        const part = at / bytes.length;
        if (done === 0 && part >= 0.3) {
          done = 1;
          // A stream that begins late, and who reads it from there; then the feed's and the other stream's late readers.
          stream.setRule({ stream: 'stream/a', feeds: ['video0'] }, () => feed);
          late.push(['late stream', 75, new Reader().begin(stream)]);
          late.push(['feed', 100, new Reader().begin(feed)], ['stream', 100, new Reader().begin(early)]);
          const uncached = new Reader();
          feed.subscribe(uncached);
          late.push(['feed, without cache', 75, uncached]);
          const onStream = new Reader();
          early.subscribe(onStream);
          late.push(['stream, without cache', 75, onStream]);
        }
      }
      expect(Buffer.concat(first.got).equals(bytes), 'who is there from the start').to.be.true;
      for (const [who, pictures, reader] of late) {
        expect(await reader.decode(), who).to.deep.equal({ pictures, complaints: '' });
      }
    });
  }
});

describe('readers of a stream whose picture begins late', () => {
  const once = (codec: string, type: number) => withSetsOnce(picture(codec), PID, type);
  const H264 = 'libx264 -preset ultrafast -g 25 -sc_threshold 0';

  /** Sends `bytes` in messages of one packet or seven; `middle` is called when 0.3 of them are sent. */
  const publish = (feed: Feed, bytes: Buffer, packets: number, middle: () => void) => {
    const publication = feed.open({ address: 'here', superseded: () => undefined });
    let isOver = false;
    for (let at = 0; at < bytes.length; at += packets * 188) {
      if (!isOver && at / bytes.length >= 0.3) middle();
      isOver ||= at / bytes.length >= 0.3;
      publication.publish(bytes.subarray(at, at + packets * 188));
    }
    return publication;
  };

  for (const [what, type, codec] of [
    ['H.264', 0x1b, H264],
    ['HEVC', 0x24, 'libx265 -preset ultrafast -x265-params log-level=none:keyint=25:scenecut=0'],
    ['MPEG-2 video', 0x02, 'mpeg2video -g 25 -sc_threshold 1000000000'],
  ] as const) {
    it(`who were there before its rule start with a picture that decodes: ${what}`, async () => {
      for (const packets of [1, 7]) {
        const feed = new Feed('video0');
        const stream = new Stream('stream/a');
        const reader = new Reader().begin(stream);
        publish(feed, once(codec, type), packets, () => {
          stream.setRule({ stream: 'stream/a', feeds: ['video0'] }, () => feed);
        });
        expect(await reader.decode(), `${packets}`).to.deep.equal({ pictures: 75, complaints: '' });
        expect(continuityErrors(Buffer.concat(reader.got))).to.deep.equal([]);
        const { received, sent, nulls, tables, unknown, omitted, damaged, lost } = stream.stats().counters;
        expect(sent + nulls + tables + unknown + omitted, 'packets').to.equal(received);
        expect(damaged + lost).to.equal(0);
      }
    });
  }

  it('go on with another camera that runs already', async () => {
    const [one, other] = [new Feed('one'), new Feed('other')];
    const feeds = (name: string) => (name === 'one' ? one : other);
    const stream = new Stream('stream/a');
    stream.setRule({ stream: 'stream/a', feeds: ['one'] }, feeds);
    const reader = new Reader().begin(stream);
    one.open({ address: 'here', superseded: () => undefined }).publish(once(H264, 0x1b));
    const before = reader.got.length;
    const next = publish(other, once(`${H264} -bf 2 -vf scale=160:120`, 0x1b), 7, () => {
      stream.setRule({ stream: 'stream/a', feeds: ['other'] }, feeds);
    });
    next.close(); // it came faster than time passes, so that it waits until it is over
    reader.got.splice(0, before); // its pictures alone: they are decoded without those before
    expect(await reader.decode()).to.deep.equal({ pictures: 75, complaints: '' });
  });
});

describe('what a start waits for', () => {
  it('is a random access point where they come, any picture where none was ever seen', () => {
    const limits = { ...DEFAULT_LIMITS, keyframeWaitMs: 300, resumeAfterMs: 100 };
    const feed = new Feed('video0');
    const bytes = picture('libx264 -preset ultrafast -g 100 -sc_threshold 0');
    const publication = feed.open({ address: 'here', superseded: () => undefined });
    publication.publish(bytes.subarray(0, 188 * 60));
    const admission = new Admission(limits, NO_OBSERVER);
    const facts: unknown[] = [];
    let atMs = 0;
    feed.subscribe({ write: (message) => facts.push(admission.admit(message, 0, atMs)) });
    publication.publish(bytes.subarray(188 * 60, 188 * 80));
    expect(admission.awaitsAccess).to.be.true;
    atMs = 299;
    publication.publish(bytes.subarray(188 * 80, 188 * 100));
    expect(facts).to.deep.equal([null, null]);
    atMs = 300;
    publication.publish(bytes.subarray(188 * 100, 188 * 200));
    expect(facts.at(-1)).to.not.be.null;
    expect(admission.awaitsAccess).to.be.false;
  });

  it('is told as the feed\'s fault while a reader waits: "keyframes come every 4 s"', () => {
    const feed = new Feed('video0');
    const bytes = picture('libx264 -preset ultrafast -g 100 -sc_threshold 0');
    const publication = feed.open({ address: 'here', superseded: () => undefined });
    publication.publish(bytes);
    feed.checkHealth(1000);
    const reader = new Reader();
    feed.subscribe(reader);
    let counter = 0;
    const plain = () => {
      const one = Buffer.from(bytes.subarray(-188));
      one[3] = (one[3]! & 0xf0) | (counter++ & 0x0f);
      publication.publish(one);
    };
    for (const [nowMs, code] of [
      [2000],
      [3000],
      [4000, 'waiting-for-keyframe'],
      [5000, 'waiting-for-keyframe'],
    ] as const) {
      plain();
      feed.checkHealth(nowMs);
      expect(feed.fault?.code, `${nowMs}`).to.equal(code);
    }
    expect(feed.fault?.message).to.equal('keyframes come every 4 s, and a viewer or a destination waits for the next');
    publication.publish(bytes.subarray(0, 188 * 60));
    feed.checkHealth(6000);
    expect(feed.fault).to.be.null;
  });
});
