// Several publishers of one topic: the newest counts, from its first random access point on, and nothing is lost.

import { expect } from 'chai';
import { type TestClient, TestServe } from '../support/relay/serve.js';
import { packet, packets, patSection, pmtSection, sectionPackets } from '../support/mpegts/ts.js';

/** A picture that can be begun at, of two packets. */
function keyPicture(fill: number): Buffer {
  return Buffer.concat([packet({ startsUnit: true, randomAccess: true, fill }), packet({ counter: 1, fill })]);
}

/** A picture that leans on those before. */
function picture(fill: number): Buffer {
  return packets(2, 0x100, fill);
}

/** What a viewer heard, as the fill bytes of the first packets. */
function fills(viewer: TestClient): number[] {
  return viewer.heard.map(({ data }) => data[187]!);
}

async function start(): Promise<{ serve: TestServe; viewer: TestClient; older: TestClient; newer: TestClient }> {
  const serve = await TestServe.start();
  const viewer = await serve.member('/out/x');
  const older = await serve.member('/in/x');
  older.socket.send(keyPicture(1));
  await viewer.hears(1);
  const newer = await serve.member('/in/x');
  return { serve, viewer, older, newer };
}

async function send(client: TestClient, ...messages: (Buffer | string)[]): Promise<void> {
  for (const message of messages) client.socket.send(message);
  await client.flushed();
}

describe('a second publisher of a topic', () => {
  it('takes over at its first random access point, and the first goes on until then', async () => {
    const { serve, viewer, older, newer } = await start();
    await send(newer, picture(0x21), picture(0x22));
    await send(older, picture(2));
    await send(newer, picture(0x23), keyPicture(0x24), picture(0x25));
    await send(older, picture(3));
    await send(newer, picture(0x26));
    await viewer.hears(5);
    expect(fills(viewer)).to.deep.equal([1, 2, 0x24, 0x25, 0x26]);
    expect(older.closed).to.equal(null);
    expect(await serve.topic('x')).to.include({ publishers: 2, viewers: 1, receivedMessages: 9, sentMessages: 5 });
    expect(serve.log.lines.filter(({ message }) => message === 'publisher took over')).to.have.length(1);
  });

  it('loses nothing where the first leaves before that: a token is renewed without a gap', async () => {
    const { viewer, older, newer } = await start();
    await send(older, picture(2));
    await send(newer, picture(3), picture(4));
    older.socket.close();
    await older.isClosed();
    await send(newer, picture(5));
    await viewer.hears(5);
    expect(fills(viewer)).to.deep.equal([1, 2, 3, 4, 5]);
  });

  it('does not say twice what the first has gone on with', async () => {
    const { viewer, older, newer } = await start();
    await send(newer, picture(2));
    await send(older, picture(2));
    await send(newer, picture(3));
    older.socket.close();
    await older.isClosed();
    await send(newer, picture(4));
    await viewer.hears(4);
    expect(fills(viewer)).to.deep.equal([1, 2, 3, 4]);
  });

  it('brings its tables, if they came before its random access point', async () => {
    const { viewer, newer } = await start();
    const pat = sectionPackets(0, patSection(0x1000));
    const pmt = sectionPackets(0x1000, pmtSection([{ streamType: 0x1b, pid: 0x100 }]));
    await send(newer, Buffer.concat([pat, pmt, picture(7)]), picture(8), keyPicture(9));
    await viewer.hears(3);
    expect(viewer.heard[1]!.data.equals(Buffer.concat([pat, pmt]))).to.equal(true);
    expect(viewer.heard[2]!.data.equals(keyPicture(9))).to.equal(true);
  });

  it('takes over at once with what is no transport stream', async () => {
    const { viewer, older, newer } = await start();
    for (const message of ['text', Buffer.from([0x47, 1, 2]), picture(0x30).subarray(1)]) {
      await send(newer, message);
      await send(older, picture(0x40));
    }
    await viewer.hears(4);
    expect(viewer.heard.slice(1).map(({ data }) => data.length)).to.deep.equal([4, 3, 375]);
  });

  it('is followed by the first, which stood by, when it leaves', async () => {
    const { viewer, older, newer } = await start();
    await send(newer, keyPicture(0x21));
    await send(older, keyPicture(2));
    newer.socket.close();
    await newer.isClosed();
    await send(older, picture(3));
    await viewer.hears(3);
    expect(fills(viewer)).to.deep.equal([1, 0x21, 3]);
  });

  it('keeps no more than it may while it waits', async () => {
    const { serve, viewer, older, newer } = await start();
    const large = packets(5000, 0x100, 0x77); // 940 kB
    await send(newer, large, large, large);
    older.socket.close();
    await older.isClosed();
    await send(newer, picture(3));
    await viewer.hears(3);
    expect(viewer.heard.slice(1).map(({ data }) => data.length)).to.deep.equal([large.length, 376]);
    expect(await serve.topic('x')).to.include({ heldBackMessages: 2 });
  });

  it('does the same in a session, where its own picture does not come back to it', async () => {
    const serve = await TestServe.start();
    const open = async () => {
      const { uri } = await serve.access('x', serve.token('x'));
      const client = await serve.client(uri.slice(serve.audience.length));
      await client.flushed();
      return client;
    };
    const [one, two, viewer] = [await open(), await open(), await serve.member('/out/x')];
    await send(one, keyPicture(1));
    await send(two, picture(0x21), 'text goes through', keyPicture(0x22));
    await send(one, picture(2));
    await viewer.hears(3);
    expect(viewer.heard.map(({ data, isBinary }) => (isBinary ? data[187] : data.toString()))).to.deep.equal([
      1,
      'text goes through',
      0x22,
    ]);
    expect(two.heard.map(({ isBinary }) => isBinary)).to.deep.equal([true]);
    await one.hears(2);
    expect(one.heard.map(({ isBinary }) => isBinary)).to.deep.equal([false, true]);
  });
});

describe('a viewer that comes late', () => {
  it('begins at once with tables, the last random access point and what came since', async () => {
    const serve = await TestServe.start();
    const publisher = await serve.member('/in/x');
    const tables = Buffer.concat([
      sectionPackets(0, patSection(0x1000)),
      sectionPackets(0x1000, pmtSection([{ streamType: 0x01, pid: 0x100 }])),
    ]);
    await send(publisher, Buffer.concat([tables, keyPicture(1)]), picture(2), keyPicture(3), picture(4));
    const viewer = await serve.member('/out/x');
    await viewer.hears(1);
    const start = Buffer.concat([tables, keyPicture(3), picture(4)]);
    expect(viewer.heard[0]!.data.equals(start)).to.equal(true);
    await send(publisher, picture(5), 'text');
    await viewer.hears(3);
    expect(viewer.heard[1]!.data.equals(picture(5))).to.equal(true);
    expect(viewer.texts[2]).to.equal('text');
    expect(await serve.topic('x')).to.deep.include({ codecs: ['mpeg1video'] });
  });

  it('without a cache starts at the next random access point', async () => {
    const serve = await TestServe.start({ limits: { cacheMb: 0 } });
    const publisher = await serve.member('/in/x');
    await send(publisher, keyPicture(1), picture(2));
    const viewer = await serve.member('/out/x');
    await send(publisher, picture(3), keyPicture(4), picture(5));
    await viewer.hears(2);
    expect(fills(viewer)).to.deep.equal([4, 5]);
  });
});
