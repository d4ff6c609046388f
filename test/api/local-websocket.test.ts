import { once } from 'node:events';
import { expect } from 'chai';
import { type RawData, WebSocket } from 'ws';
import { afterTest } from '../support/cleanup.js';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { TestRelay } from '../support/relay/relay.js';
import { packet, packets, patSection, pmtSection, sectionPackets } from '../support/mpegts/ts.js';
import { RawUpload } from '../support/relay/upload.js';
import { pause, until } from '../support/wait.js';

class Client {
  readonly heard: { data: string; isBinary: boolean }[] = [];
  bytes = Buffer.alloc(0);
  closeCode: number | null = null;
  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: RawData, isBinary) => {
      this.bytes = Buffer.concat([this.bytes, data as Buffer]);
      this.heard.push({ data: (data as Buffer).toString(), isBinary });
    });
    socket.on('error', () => undefined).on('close', (code) => (this.closeCode = code));
    afterTest(() => socket.terminate());
  }
  static async open(url: string): Promise<Client> {
    const one = new Client(new WebSocket(url));
    await once(one.socket, 'open');
    return one;
  }
}

/** The status with which an upgrade is refused. */
async function refusal(url: string): Promise<number> {
  const socket = new WebSocket(url);
  afterTest(() => socket.terminate());
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  return response.statusCode;
}

let vw: TestRelay;
beforeEach(async () => {
  vw = await TestRelay.start({ limits: { maxClients: 3, maxMessageBytes: 10_000, forgetAfterMs: 50 } });
});

describe('/ws/<feed>', () => {
  it('hands messages on one for one, text as text, binary as binary, without an echo', async () => {
    const endpoint = await TestEndpoint.start();
    await vw.connect('data0', endpoint.url);
    const [sender, other] = [await Client.open(vw.ws('data0')), await Client.open(vw.ws('data0'))];
    const sent = [
      { data: '{"volts": 1.5}', isBinary: false },
      { data: 'raw', isBinary: true },
      { data: '', isBinary: false },
      { data: 'ünïcode ✓', isBinary: false },
    ];
    for (const { data, isBinary } of sent) sender.socket.send(Buffer.from(data), { binary: isBinary });
    await until('all have arrived', () => other.heard.length === 4 && endpoint.messages.length === 4);
    expect(other.heard).to.deep.equal(sent);
    expect(endpoint.messages.map(({ data, isBinary }) => ({ data: data.toString(), isBinary }))).to.deep.equal(sent);
    expect(sender.heard).to.be.empty;
  });

  it('brings what an endpoint of the feed sends to every client, and not back to the endpoint', async () => {
    const [endpoint, second] = [await TestEndpoint.start(), await TestEndpoint.start()];
    await vw.connect('data0', endpoint.url, '1');
    await vw.connect('data0', second.url, '2');
    const clients = [await Client.open(vw.ws('data0')), await Client.open(vw.ws('data0'))];
    const elsewhere = await Client.open(vw.ws('data1'));
    endpoint.client!.send('set 5 V');
    endpoint.client!.send(Buffer.from([1, 2]));
    await until('both have both', () => clients.every(({ heard }) => heard.length === 2));
    for (const { heard } of clients) expect(heard[0]).to.deep.equal({ data: 'set 5 V', isBinary: false });
    await pause(50);
    expect([elsewhere.heard.length, endpoint.messages.length, second.messages.length]).to.deep.equal([0, 0, 0]);
  });

  it('plays what is uploaded', async () => {
    const client = await Client.open(vw.ws('video0'));
    const upload = RawUpload.begin(vw.port, 'video0');
    for (let i = 0; i < 50; i++) upload.chunk(packets(10));
    await until('all has arrived', () => client.bytes.length === 50 * 1880);
    expect(client.bytes.equals(Buffer.concat(Array.from({ length: 50 }, () => packets(10))))).to.be.true;
  });

  it('finds the feed between slashes and before a query', async () => {
    const one = await Client.open(`${vw.ws('data0/')}?x=y`);
    const other = await Client.open(vw.ws('%2Fdata0'));
    one.socket.send('x');
    await until('it has arrived', () => other.heard.length === 1);
  });

  for (const name of ['api', 'all', 'a//b', 'a/../../b%20', '%zz', '']) {
    it(`refuses the name ${JSON.stringify(name)} with 4xx`, async () => {
      expect(await refusal(vw.ws(name))).to.be.within(400, 404);
    });
  }

  it('takes VW_MAX_CLIENTS clients a feed, and another when one has gone', async () => {
    const clients = [];
    for (let i = 0; i < 3; i++) clients.push(await Client.open(vw.ws('data0')));
    expect(await refusal(vw.ws('data0'))).to.equal(503);
    expect(await refusal(vw.ws('data0/'))).to.equal(503);
    await Client.open(vw.ws('data1'));
    clients[0]!.socket.close();
    await until('there is room', () => vw.relay.stats().feeds.data0!.clients === 2);
    await Client.open(vw.ws('data0'));
  });

  it('closes on a message over VW_MAX_MESSAGE_BYTES with 1009, and takes one of that size', async () => {
    const [sender, other] = [await Client.open(vw.ws('data0')), await Client.open(vw.ws('data0'))];
    sender.socket.send(Buffer.alloc(10_000));
    await until('it has arrived', () => other.heard.length === 1);
    sender.socket.send(Buffer.alloc(10_001));
    await until('it is closed', () => sender.closeCode !== null);
    expect(sender.closeCode).to.equal(1009);
    expect(other.heard).to.have.length(1);
  });

  it('takes text while an upload publishes the feed', async () => {
    const upload = RawUpload.begin(vw.port, 'video0');
    upload.chunk(packets(1));
    const [sender, other] = [await Client.open(vw.ws('video0')), await Client.open(vw.ws('video0'))];
    sender.socket.send('hello');
    await until('it has arrived', () => other.heard.some(({ data }) => data === 'hello'));
    expect(sender.closeCode).to.be.null;
  });

  it('refuses a client with 503 when there are VW_MAX_FEEDS feeds', async () => {
    // The WebSocket was accepted first, then an HTTP answer was written into it, and its place was never free again.
    const small = await TestRelay.start({ limits: { maxFeeds: 1, maxClients: 1, forgetAfterMs: 30 } });
    const holder = await Client.open(small.ws('one'));
    for (let i = 0; i < 3; i++) expect(await refusal(small.ws('two'))).to.equal(503);
    holder.socket.close();
    await until('there is room', () => Object.keys(small.relay.stats().feeds).length === 0);
    await Client.open(small.ws('two'));
  });

  it('forgets the feed when its last client has gone', async () => {
    const client = await Client.open(vw.ws('data0'));
    client.socket.terminate();
    await until('it is forgotten', () => !('data0' in vw.relay.stats().feeds));
  });

  it('cuts a client that answers no ping', async () => {
    const strict = await TestRelay.start({ limits: { pingIntervalMs: 40, pongTimeoutMs: 100 } });
    const dead = new WebSocket(strict.ws('data0'), { autoPong: false });
    afterTest(() => dead.terminate());
    dead.on('error', () => undefined);
    await once(dead, 'close');
  });

  it('drops whole messages for a client that does not read, and for no other', async () => {
    const quick = await TestRelay.start({ limits: { highWaterBytes: 200_000 } });
    const [slow, other] = [await Client.open(quick.ws('video0')), await Client.open(quick.ws('video0'))];
    slow.socket.pause();
    const upload = RawUpload.begin(quick.port, 'video0');
    const message = Buffer.concat(Array.from({ length: 300 }, () => packet()));
    let count = 0;
    await until('messages are dropped', () => {
      for (let i = 0; i < 5; i++, count++) upload.chunk(message);
      return quick.log.lines.some(({ message: text }) => text.includes('viewer is slow'));
    });
    slow.socket.resume();
    await until(
      'the other has all',
      () =>
        other.heard.reduce((sum, { data }) => sum + data.length, 0) > 0 &&
        other.bytes.length === count * message.length,
    );
    expect(slow.bytes.length % 188).to.equal(0);
  });
});

describe('/ws/stream/...', () => {
  /** PAT, PMT and three pictures of a video feed, by hand. */
  const begin = Buffer.concat([
    sectionPackets(0, patSection(0x1000)),
    sectionPackets(0x1000, pmtSection([{ streamType: 0x02, pid: 0x100 }])),
  ]);
  const picture = (counter: number) => {
    const pes = Buffer.from([0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1 + 2 * counter]); // PTS only
    return packet({ pid: 0x100, counter, startsUnit: true, payload: Buffer.concat([pes, Buffer.alloc(170)]) });
  };
  const pids = (bytes: Buffer) => {
    const found = new Set<number>();
    for (let at = 0; at < bytes.length; at += 188) found.add(bytes.readUInt16BE(at + 1) & 0x1fff);
    return [...found].sort((a, b) => a - b);
  };

  it('plays the program of its rule, and follows the rule', async () => {
    await vw.api('POST', '/api/streams', { stream: 'stream/a', feeds: ['one', 'two'] });
    const client = await Client.open(vw.ws('stream/a'));
    const [one, two] = [RawUpload.begin(vw.port, 'one'), RawUpload.begin(vw.port, 'two')];
    one.chunk(Buffer.concat([begin, picture(0)]));
    await until('the first is in the program', () => vw.relay.stats().streams['stream/a']!.tracks.length === 1);
    two.chunk(Buffer.concat([begin, picture(0)]));
    await until('both are', () => vw.relay.stats().streams['stream/a']!.tracks.length === 2);
    await vw.api('POST', '/api/streams', { stream: 'stream/a', feeds: [] });
    await until('the tables say so', () => vw.relay.stats().streams['stream/a']!.tracks.length === 0);
    await until('the client has heard', () => client.bytes.length > 0);
    expect(client.bytes.length % 188).to.equal(0);
    expect(pids(client.bytes)).to.include.members([0, 0x1000]);
  });

  it('waits for a rule, and gets nothing more when it is deleted', async () => {
    const client = await Client.open(vw.ws('stream/a'));
    const upload = RawUpload.begin(vw.port, 'one');
    await vw.api('POST', '/api/streams', { stream: 'stream/a', feeds: ['one'] });
    upload.chunk(Buffer.concat([begin, picture(0)]));
    await until('tables have arrived', () => client.bytes.length >= 2 * 188);
    await vw.api('DELETE', '/api/streams/all');
    const { length } = client.bytes;
    upload.chunk(picture(1));
    await until('it has come', () => vw.relay.stats().feeds.one!.packets === 4);
    await pause(30);
    expect(client.bytes.length).to.equal(length);
  });

  it('only plays: a client that sends is closed with 1008', async () => {
    const client = await Client.open(vw.ws('stream/a'));
    client.socket.send('x');
    await until('it is closed', () => client.closeCode !== null);
    expect(client.closeCode).to.equal(1008);
  });
});
