import { once } from 'node:events';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { afterTest } from '../support/cleanup.js';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { TestRelay } from '../support/relay/relay.js';
import { packets } from '../support/mpegts/ts.js';
import { type Framing, RawUpload } from '../support/relay/upload.js';
import { pause, until } from '../support/wait.js';

const FRAMINGS: readonly Framing[] = ['chunked', 'length', 'expect'];

let vw: TestRelay;
let endpoint: TestEndpoint;
beforeEach(async () => {
  vw = await TestRelay.start({ limits: { forgetAfterMs: 50 } });
  endpoint = await TestEndpoint.start();
});

function send(upload: RawUpload, framing: Framing, bytes: Buffer): void {
  if (framing === 'length') upload.write(bytes);
  else upload.chunk(bytes);
}

function source(feed = 'video0'): string | null {
  return vw.relay.stats().feeds[feed]?.source ?? null;
}

for (const framing of FRAMINGS) {
  describe(`an upload by ${framing}`, () => {
    it('arrives byte for byte, in whole packets, and its end is answered 200', async () => {
      await vw.connect('video0', endpoint.url);
      const bytes = packets(300);
      const upload = RawUpload.begin(vw.port, 'video0', framing, bytes.length);
      for (let at = 0; at < bytes.length; at += 1000) send(upload, framing, bytes.subarray(at, at + 1000));
      if (framing !== 'length') upload.endChunks();
      const { status, body } = await upload.answer();
      expect(status).to.equal(200);
      expect(body).to.deep.equal({ feed: 'video0', bytes: bytes.length, packets: 300, skippedBytes: 0 });
      await until('all has arrived', () => endpoint.bytes.length === bytes.length);
      expect(endpoint.bytes.equals(bytes)).to.be.true;
      for (const { data, isBinary } of endpoint.messages) {
        expect(isBinary).to.be.true;
        expect([data.length % 188, data[0]]).to.deep.equal([0, 0x47]);
      }
    });

    it('is published at once, without a pause in the upload', async () => {
      await vw.connect('video0', endpoint.url);
      const upload = RawUpload.begin(vw.port, 'video0', framing);
      send(upload, framing, packets(7));
      await endpoint.messagesCount(1);
      expect(endpoint.bytes.equals(packets(7))).to.be.true;
    });

    it('is answered 409 when a newer one takes the feed over, and packets are never mixed', async () => {
      await vw.connect('video0', endpoint.url);
      const older = RawUpload.begin(vw.port, 'video0', framing);
      send(older, framing, packets(10, 0x100).subarray(0, 1000)); // a packet is left unfinished
      await endpoint.messagesCount(1);
      const newer = RawUpload.begin(vw.port, 'video0', 'chunked');
      newer.chunk(packets(10, 0x200));
      send(older, framing, packets(10, 0x100).subarray(1000));
      const { status, body } = await older.answer();
      expect(status).to.equal(409);
      expect(body).to.include({ code: 'ERR_SUPERSEDED' });
      await until('the older is closed', () => older.isClosed);
      newer.chunk(packets(10, 0x200));
      newer.endChunks();
      expect((await newer.answer()).status).to.equal(200);
      await until('all has arrived', () => endpoint.bytes.length >= 25 * 188);
      const pids: number[] = [];
      for (let at = 0; at < endpoint.bytes.length; at += 188) {
        expect(endpoint.bytes[at]).to.equal(0x47);
        pids.push(endpoint.bytes.readUInt16BE(at + 1) & 0x1fff);
      }
      expect(pids).to.deep.equal([...pids].sort((a, b) => a - b));
      expect(pids.filter((pid) => pid === 0x200)).to.have.length(20);
    });

    for (const how of ['destroyed', 'reset', 'half-closed'] as const) {
      it(`frees its feed when its socket is ${how}`, async () => {
        const upload = RawUpload.begin(vw.port, 'video0', framing);
        send(upload, framing, packets(3));
        await until('the feed has a source', () => source() !== null);
        if (how === 'destroyed') upload.socket.destroy();
        else if (how === 'reset') upload.socket.resetAndDestroy();
        else upload.socket.end();
        await until('the feed is forgotten', () => !('video0' in vw.relay.stats().feeds));
      });
    }
  });
}

describe('an upload', () => {
  it('flushes its last whole packet at the end', async () => {
    await vw.connect('video0', endpoint.url);
    const upload = RawUpload.begin(vw.port, 'video0');
    upload.chunk(Buffer.concat([Buffer.alloc(10), packets(1)]));
    upload.endChunks();
    expect((await upload.answer()).body).to.include({ packets: 1, skippedBytes: 10 });
    await endpoint.messagesCount(1);
    expect(endpoint.bytes.equals(packets(1))).to.be.true;
  });

  it('counts the bytes it skipped at its feed', async () => {
    const upload = RawUpload.begin(vw.port, 'video0');
    upload.chunk(Buffer.concat([packets(3), Buffer.alloc(77, 1), packets(3)]));
    await until('they are counted', () => vw.relay.stats().feeds.video0?.skippedBytes === 77);
  });

  it('is taken when its head comes in two writes', async () => {
    await vw.connect('video0', endpoint.url);
    const upload = RawUpload.bare(vw.port);
    upload.write('POST /ts/video0 HTTP/1.1\r\nHo');
    await pause(20); // so that it is two reads there
    upload.write('st: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    upload.chunk(packets(3));
    await endpoint.messagesCount(1);
    upload.endChunks();
    expect((await upload.answer()).status).to.equal(200);
    expect(endpoint.bytes.equals(packets(3))).to.be.true;
  });

  it('is taken by PUT, with a body that came with its head', async () => {
    await vw.connect('video0', endpoint.url);
    const upload = RawUpload.bare(vw.port);
    const head = 'PUT /ts/video0 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nbc\r\n';
    upload.write(Buffer.concat([Buffer.from(head), packets(1), Buffer.from('\r\n0\r\n\r\n')]));
    expect((await upload.answer()).status).to.equal(200);
    await endpoint.messagesCount(1);
  });

  for (const [version, fields, status, code] of [
    ['1.0', 'Transfer-Encoding: chunked', 400, 'ERR_BAD_HTTP'],
    ['1.1', 'Transfer-Encoding: gzip, chunked', 501, 'ERR_TRANSFER_CODING'],
    ['1.1', 'Transfer-Encoding: chunked\r\nContent-Encoding: gzip', 415, 'ERR_CONTENT_CODING'],
    ['1.1', 'Content-Length: 188\r\nContent-Encoding: br', 415, 'ERR_CONTENT_CODING'],
  ] as const) {
    it(`is refused where its body is coded, and leaves no feed: HTTP/${version}, ${JSON.stringify(fields)}`, async () => {
      const upload = RawUpload.bare(vw.port);
      upload.write(`POST /ts/coded HTTP/${version}\r\nHost: x\r\n${fields}\r\n\r\nbc\r\n`);
      const answer = await upload.answer();
      expect([answer.status, answer.body.code]).to.deep.equal([status, code]);
      expect(answer.body.detail).to.match(/accepted: MPEG-TS as it is/);
      expect(vw.relay.stats().feeds).to.not.have.property('coded');
    });
  }

  it('is taken in HTTP/1.0, and where its Content-Encoding says that there is none', async () => {
    for (const [version, field] of [
      ['1.0', 'X-None: 1'],
      ['1.1', 'Content-Encoding: identity'],
    ] as const) {
      const upload = RawUpload.bare(vw.port);
      upload.write(`POST /ts/plain HTTP/${version}\r\nHost: x\r\n${field}\r\nContent-Length: 188\r\n\r\n`);
      upload.write(packets(1));
      expect((await upload.answer()).body).to.include({ packets: 1 });
    }
  });

  it('is answered 400 when its chunks are broken', async () => {
    const upload = RawUpload.begin(vw.port, 'video0');
    upload.write('nonsense\r\n');
    expect((await upload.answer()).body).to.include({ status: 400, code: 'ERR_BAD_CHUNK' });
    await until('the feed is free', () => source() === null);
  });

  for (const framing of FRAMINGS) {
    for (const name of ['all', 'api', 'stream/front', 'a/../b', 'a%2F%2Fb', '%2e', 'a%20b', '%zz', 'x'.repeat(201)]) {
      it(`by ${framing} to /ts/${name.slice(0, 20)} is answered 400`, async () => {
        const upload = RawUpload.begin(vw.port, name, framing, 0);
        const { status, body } = await upload.answer();
        expect(status).to.equal(400);
        expect(body.detail).to.be.a('string');
        expect(vw.relay.stats().feeds).to.deep.equal({});
      });
    }

    it(`by ${framing} finds its feed between slashes and before a query`, async () => {
      for (const path of ['%2Fvideo0', 'video0?x=y', 'video0/', 'video0/?x=y']) {
        const upload = RawUpload.begin(vw.port, path, framing, 188);
        send(upload, framing, packets(1));
        if (framing !== 'length') upload.endChunks();
        expect((await upload.answer()).body).to.include({ feed: 'video0' });
      }
    });

    it(`by ${framing} is refused when there are VW_MAX_FEEDS`, async () => {
      const small = await TestRelay.start({ limits: { maxFeeds: 1 } });
      RawUpload.begin(small.port, 'one');
      await until('the first is there', () => 'one' in small.relay.stats().feeds);
      const { body } = await RawUpload.begin(small.port, 'two', framing).answer();
      expect(body).to.include({ status: 503, code: 'ERR_TOO_MANY_FEEDS' });
    });
  }

  it('has no time-out on its body', async () => {
    const impatient = await TestRelay.start({ headersTimeoutMs: 200 });
    const uploads = FRAMINGS.map((framing) => RawUpload.begin(impatient.port, framing, framing));
    for (const framing of FRAMINGS)
      await until(`${framing} is taken`, () => impatient.relay.stats().feeds[framing]?.source);
    await pause(1000); // five times what a head may take
    expect(uploads.map(({ isClosed }) => isClosed)).to.deep.equal(FRAMINGS.map(() => false));
  });

  it('has the feed to itself: binary from /ws is refused while it lasts', async () => {
    const upload = RawUpload.begin(vw.port, 'video0');
    await until('it is taken', () => source() !== null);
    const client = new WebSocket(vw.ws('video0'));
    afterTest(() => client.terminate());
    const code = await new Promise<number>((resolve) => {
      client.on('open', () => client.send(Buffer.from('x'))).on('close', resolve);
    });
    expect(code).to.equal(1008);
    expect(upload.isClosed).to.be.false;
  });
});

describe('an upload without a body', () => {
  const feeds = () => vw.relay.stats().feeds;
  const BODIES: readonly (readonly [what: string, framing: Framing, body: string, status: number])[] = [
    ['whose first chunk is malformed', 'chunked', 'nonsense\r\n', 400],
    ['whose first chunk is malformed', 'expect', 'nonsense\r\n', 400],
    ['whose first chunk has a malformed extension', 'chunked', '1;=\r\n', 400],
    ['whose first chunk is too large', 'chunked', 'fffffffff\r\n', 400],
    ['that ends at once', 'chunked', '0\r\n\r\n', 200],
    ['that ends at once', 'expect', '0\r\n\r\n', 200],
    ['that ends at once', 'length', '', 200],
    ['whose trailer is malformed', 'chunked', '0\r\n:\r\n', 400],
  ];

  beforeEach(async () => {
    vw = await TestRelay.start(); // feeds are forgotten after a minute
  });

  for (const [what, framing, body, status] of BODIES) {
    it(`by ${framing} ${what} leaves no feed, event or log line behind`, async () => {
      const upload = RawUpload.begin(vw.port, 'video0', framing, 0);
      upload.write(body);
      // Node's own parser answers without a body.
      await until('it is answered', () => upload.heard.startsWith(`HTTP/1.1 ${status}`));
      await until('the feed is gone', () => !('video0' in feeds()));
      expect(vw.log.lines.filter(({ facts }) => facts.feed === 'video0')).to.deep.equal([]);
    });

    it(`by ${framing} ${what} disturbs neither a camera nor a WebSocket that publishes`, async () => {
      const camera = RawUpload.begin(vw.port, 'video0');
      camera.chunk(packets(3));
      const client = new WebSocket(vw.ws('data0'));
      afterTest(() => client.terminate());
      await once(client, 'open');
      client.send(Buffer.from('x'));
      await until('both publish', () => feeds().video0?.packets === 3 && feeds().data0?.opaqueMessages === 1);
      const before = source();
      for (const feed of ['video0', 'data0']) {
        const upload = RawUpload.begin(vw.port, feed, framing, 0);
        client.send(Buffer.from('x'));
        upload.write(body);
        await until('it is answered', () => upload.heard.startsWith(`HTTP/1.1 ${status}`));
      }
      camera.chunk(packets(3));
      client.send(Buffer.from('x'));
      await until('both publish', () => feeds().video0?.packets === 6 && feeds().data0?.opaqueMessages === 4);
      expect([source(), source('data0'), camera.isClosed]).to.deep.equal([before, null, false]);
    });
  }

  it('is shown as connected, and not as live; it makes room for the first upload that publishes', async () => {
    vw = await TestRelay.start({ limits: { silentAfterMs: 300 } });
    const upload = RawUpload.begin(vw.port, 'video0');
    await until('it is connected', () => source() !== null);
    const address = `127.0.0.1:${upload.socket.localPort}`;
    expect(feeds().video0).to.include({ source: address, state: 'absent', fault: null });
    await until('it is silent', () => feeds().video0?.state === 'silent');
    expect(feeds().video0!.fault).to.deep.equal({
      code: 'silent',
      message: `${address} is connected, and has sent nothing for more than 0.3 s`,
    });
    const camera = RawUpload.begin(vw.port, 'video0');
    camera.chunk(packets(3));
    expect((await upload.answer()).body).to.include({ status: 409, code: 'ERR_SUPERSEDED' });
    await until('the fault is over', () => feeds().video0?.fault === null && feeds().video0?.state === 'live');
    expect(source()).to.equal(`127.0.0.1:${camera.socket.localPort}`);
  });

  it('which connected later takes a feed over with its first packet, and not with bytes that are none', async () => {
    const camera = RawUpload.begin(vw.port, 'video0');
    camera.chunk(packets(3));
    await until('it publishes', () => feeds().video0?.packets === 3);
    const other = RawUpload.begin(vw.port, 'video0');
    other.chunk(Buffer.from('none'));
    camera.chunk(packets(3));
    await until('it goes on', () => feeds().video0?.packets === 6);
    expect(camera.isClosed).to.be.false;
    other.chunk(packets(3));
    expect((await camera.answer()).status).to.equal(409);
  });
});
