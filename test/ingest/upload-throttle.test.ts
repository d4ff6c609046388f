import { once } from 'node:events';
import { get } from 'node:http';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { afterTest } from '../support/cleanup.js';
import { picture } from '../support/media/captures.js';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { TestRelay } from '../support/relay/relay.js';
import { packets } from '../support/mpegts/ts.js';
import { type Framing, RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

const PIECE = packets(1000);
const PIECES = 200; // 38 MB: many times what may wait for a reader
const FILMS = 12; // 2.5 MB each

/** 5 s at 4 Mbit/s, made once. */
const makeFilm = () => picture('mpeg1video -s 320x240 -b:v 4000k -minrate 4000k -maxrate 4000k -bufsize 400k');

let vw: TestRelay;
beforeEach(async () => {
  vw = await TestRelay.start();
});

/** Pushes a piece again and again as fast as it is taken; resolves when all of it is with the system. */
async function push(feed: string, framing: Framing, piece = PIECE, times = PIECES): Promise<RawUpload> {
  const upload = RawUpload.begin(vw.port, feed, framing, piece.length * times);
  for (let i = 0; i < times; i++) {
    if (framing === 'length') upload.write(piece);
    else upload.chunk(piece);
    if (upload.socket.writableNeedDrain) await new Promise((resolve) => upload.socket.once('drain', resolve));
  }
  if (framing !== 'length') upload.endChunks();
  return upload;
}

/** An endpoint that counts what it is sent. */
async function counting(): Promise<TestEndpoint & { taken: number }> {
  const one = Object.assign(await TestEndpoint.start(), { taken: 0 });
  one.onMessage = (data) => (one.taken += data.length);
  return one;
}

/** As {@link counting}, and slower than what is pushed: it pauses after every read. */
async function dawdling(): Promise<TestEndpoint & { taken: number }> {
  const one = await counting();
  one.onMessage = (data) => {
    one.taken += data.length;
    lookAway(one);
  };
  return one;
}

function lookAway(reader: { pause(): unknown; resume(): unknown }): void {
  reader.pause();
  setTimeout(() => reader.resume(), 2);
}

const drops = () => vw.relay.events.since(0).events.filter(({ event }) => event.type === 'dropping-started');

for (const framing of ['chunked', 'length'] as const) {
  describe(`a file that is pushed by ${framing}, faster than its endpoint takes it`, () => {
    it('is held back and arrives whole', async () => {
      const endpoint = await dawdling();
      await vw.connect('video0', endpoint.url);
      const upload = await push('video0', framing);
      expect((await upload.answer()).status).to.equal(200);
      await until('all has arrived', () => endpoint.taken === PIECE.length * PIECES);
      expect(vw.link().droppedMessages).to.equal(0);
    });

    it('arrives whole through a stream rule too', async () => {
      const endpoint = await counting();
      await vw.api('POST', '/api/streams', { stream: 'stream/front', feeds: ['video0'] });
      await vw.connect('stream/front', endpoint.url);
      const film = makeFilm();
      await (await push('video0', framing, film, FILMS)).answer();
      const { counters } = vw.relay.stats().streams['stream/front']!;
      expect(counters.sent, 'its video went through the stream').to.be.above((film.length / 188) * FILMS * 0.9);
      await until('all has arrived', () => endpoint.taken === vw.link().sentBytes && vw.link().waitingBytes === 0);
      expect(vw.link().droppedMessages).to.equal(0);
    });

    it('is not held back by an endpoint that does not read, for which messages are dropped', async () => {
      const still = await TestEndpoint.start();
      await vw.connect('video0', still.url);
      still.pause();
      const upload = await push('video0', framing);
      expect((await upload.answer()).status).to.equal(200);
      expect(vw.link().droppedMessages).to.be.above(0);
    });

    it('goes at the pace of the fastest of its readers', async () => {
      const [still, quick] = [await TestEndpoint.start(), await dawdling()];
      await vw.connect('video0', still.url, 'still');
      await vw.connect('video0', quick.url, 'quick');
      still.pause();
      await (await push('video0', framing)).answer();
      expect(vw.link('still').droppedMessages).to.be.above(0);
      expect(vw.link('quick').droppedMessages).to.equal(0);
      await until('all has arrived', () => quick.taken === PIECE.length * PIECES);
    });
  });
}

describe('a file that is pushed in short pieces, faster than its endpoint takes it', () => {
  it('is held back and arrives whole', async () => {
    const endpoint = await dawdling();
    await vw.connect('video0', endpoint.url);
    const short = PIECE.subarray(0, 50 * 188);
    const body = Buffer.concat(Array.from({ length: 20 }, () => chunked(short)));
    const upload = RawUpload.begin(vw.port, 'video0', 'expect'); // which Node's parser reads, a chunk at a time
    for (let i = 0; i < PIECES; i++) {
      upload.write(body);
      if (upload.socket.writableNeedDrain) await once(upload.socket, 'drain');
    }
    upload.endChunks();
    expect((await upload.answer()).status).to.equal(200);
    await until('all has arrived or was dropped', () => {
      const { sentBytes, droppedBytes, waitingBytes } = vw.link();
      return sentBytes + droppedBytes >= PIECE.length * PIECES && waitingBytes === 0;
    });
    expect(vw.link().droppedMessages).to.equal(0);
  });
});

function chunked(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

describe('a file that is pushed faster than its viewer takes it', () => {
  it('arrives whole over WebSocket', async () => {
    const viewer = new WebSocket(vw.ws('video0'));
    afterTest(() => viewer.terminate());
    let taken = 0;
    viewer.on('message', (data: Buffer) => {
      taken += data.length;
      lookAway(viewer);
    });
    await once(viewer, 'open');
    await (await push('video0', 'chunked')).answer();
    await until('all has arrived', () => taken === PIECE.length * PIECES);
    expect(drops()).to.have.length(0);
  });

  it('arrives whole over HTTP', async () => {
    const film = makeFilm();
    const begun = RawUpload.begin(vw.port, 'video0');
    begun.chunk(film); // there is something to watch
    let taken = 0;
    let isOver = false;
    const request = get(`${vw.url}/ts/video0`, (response) => {
      response.on('data', (data: Buffer) => {
        taken += data.length;
        lookAway(response);
      });
      response.on('end', () => (isOver = true));
    });
    afterTest(() => request.destroy());
    await until('it plays', () => taken > 0);
    for (let i = 0; i < FILMS; i++) {
      begun.chunk(film);
      if (begun.socket.writableNeedDrain) await once(begun.socket, 'drain');
    }
    begun.endChunks();
    await begun.answer();
    await until('all has arrived', () => isOver || taken >= film.length * FILMS);
    expect(drops()).to.have.length(0);
  });
});

describe('an upload that is held back', () => {
  it('is answered 409 when another takes its feed over', async () => {
    const still = await TestEndpoint.start();
    await vw.connect('video0', still.url);
    still.pause();
    const older = RawUpload.begin(vw.port, 'video0');
    for (let i = 0; i < 40; i++) older.chunk(PIECE);
    await until('the endpoint is behind', () => vw.link().waitingBytes > 0);
    const newer = RawUpload.begin(vw.port, 'video0');
    newer.chunk(packets(7));
    expect((await older.answer()).status).to.equal(409);
  });
});
