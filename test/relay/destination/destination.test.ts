import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { afterTest } from '../../support/cleanup.js';
import { TestEndpoint } from '../../support/relay/test-endpoint.js';
import { TestRelay } from '../../support/relay/relay.js';
import { packet, packets } from '../../support/mpegts/ts.js';
import { RawUpload } from '../../support/relay/upload.js';
import { pause, until } from '../../support/wait.js';

const rule = (destination: string, stream = 'video0', id = '0') => ({ id, stream, destination });

/** An upload to video0 that a test feeds by hand. */
async function begin(vw: TestRelay, feed = 'video0'): Promise<RawUpload> {
  const upload = RawUpload.begin(vw.port, feed);
  await until('the upload is taken', () => vw.relay.stats().feeds[feed]?.source);
  return upload;
}

describe('a destination', () => {
  it('dials at once', async () => {
    const [vw, endpoint] = [
      await TestRelay.start({ limits: { backoffMinMs: 10_000, backoffMaxMs: 10_000 } }),
      await TestEndpoint.start(),
    ];
    await vw.connect('video0', endpoint.url);
    expect(vw.link()).to.include({ attempts: 1, opens: 1, lastError: null });
  });

  it('connects when its endpoint starts later, and again after that was lost', async () => {
    const vw = await TestRelay.start();
    const first = await TestEndpoint.start();
    const { port, url } = first;
    await first.stop();
    await vw.api('POST', '/api/destinations', rule(url));
    await until('a dial has failed', () => vw.link().attempts >= 2);
    expect(vw.link().lastError).to.contain('refused');
    const second = await TestEndpoint.start({ port });
    await until('it is reached', () => vw.link().state === 'open');
    await second.stop();
    await until('it is lost', () => vw.link().state !== 'open');
    const third = await TestEndpoint.start({ port });
    await until('it is reached again', () => vw.link().state === 'open');
    expect(third.dials).to.equal(1);
  });

  for (const [what, manners] of [
    ['refuses with 503', { refuseWith: 503 }],
    ['redirects', { refuseWith: 302 }],
    ['accepts and closes', { closesAtOnce: true }],
  ] as const) {
    it(`dials an endpoint that ${what} a few times, not thousands`, async () => {
      const [vw, endpoint] = [
        await TestRelay.start({ limits: { backoffMinMs: 200, backoffMaxMs: 10_000 } }),
        await TestEndpoint.start(manners),
      ];
      const began = performance.now();
      await vw.api('POST', '/api/destinations', rule(endpoint.url));
      await until('it was dialled four times', () => endpoint.dials >= 4);
      expect(performance.now() - began).to.be.above(0.8 * (200 + 400 + 800)); // the original took 2.6 s for 5,500 dials
    });
  }

  it('starts its backoff over only after a link has been good for a while', async () => {
    const waits = { backoffMinMs: 30_000, backoffMaxMs: 60_000 }; // longer than is waited for below
    const [vw, endpoint] = [
      await TestRelay.start({ limits: { ...waits, goodAfterMs: 50 } }),
      await TestEndpoint.start(),
    ];
    await vw.connect('video0', endpoint.url);
    for (let i = 0; i < 3; i++) {
      await pause(100); // good
      const { opens } = vw.link();
      endpoint.breakOff();
      await until('it was dialled at once', () => vw.link().opens > opens, 15_000);
    }
    const other = await TestRelay.start({ limits: { ...waits, goodAfterMs: 60_000 } });
    await other.connect('video0', endpoint.url);
    endpoint.breakOff();
    await until('it waits, and says for how long', () => other.link().nextDialMs !== null);
    expect(other.link().nextDialMs! - Date.now()).to.be.above(15_000);
  });

  it('treats a dial that is not answered as failed', async () => {
    const vw = await TestRelay.start({ limits: { dialTimeoutMs: 150 } });
    const endpoint = await TestEndpoint.start({ isSilent: true });
    await vw.api('POST', '/api/destinations', rule(endpoint.url));
    await until('it was dialled twice', () => endpoint.dials >= 2);
    expect(vw.link().lastError).to.contain('no answer within');
    await until('the dials given up are closed', () => endpoint.openSockets <= 1);
    endpoint.manners = {};
    await until('it is reached', () => vw.link().state === 'open');
  });

  it('treats a TCP connection on which nothing is sent as a failed dial', async () => {
    let connections = 0;
    const server = createServer(() => connections++).listen(0, '127.0.0.1');
    await once(server, 'listening');
    afterTest(() => server.close());
    const vw = await TestRelay.start({ limits: { dialTimeoutMs: 150 } });
    await vw.api('POST', '/api/destinations', rule(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`));
    await until('it was dialled again', () => connections >= 2);
  });

  it('drops a link that answers no ping', async () => {
    const vw = await TestRelay.start({ limits: { pingIntervalMs: 50, pongTimeoutMs: 150 } });
    const endpoint = await TestEndpoint.start({ ignoresPings: true });
    await vw.connect('video0', endpoint.url);
    await until('it was dialled again', () => endpoint.dials >= 2);
    expect(vw.log.lines.find(({ message }) => message === 'link lost')?.facts.reason).to.contain('ping');
  });

  it('keeps a link that answers pings', async () => {
    const vw = await TestRelay.start({ limits: { pingIntervalMs: 20, pongTimeoutMs: 500 } });
    const endpoint = await TestEndpoint.start();
    await vw.connect('video0', endpoint.url);
    await pause(700);
    expect(endpoint.dials).to.equal(1);
    expect(vw.link().pingMs).to.be.a('number');
  });

  it('keeps nothing while there is no link: what comes after is live', async () => {
    const vw = await TestRelay.start();
    const endpoint = await TestEndpoint.start({ delayMs: 300 });
    const upload = await begin(vw);
    await vw.api('POST', '/api/destinations', rule(endpoint.url));
    for (let i = 0; i < 20; i++) upload.chunk(packet({ pid: 0x100 }));
    await until('they have come', () => vw.relay.stats().feeds.video0!.packets === 20);
    await until('the link is open', () => vw.link().state === 'open');
    upload.chunk(packet({ pid: 0x200, randomAccess: true }));
    await endpoint.messagesCount(1);
    expect(endpoint.bytes.equals(packet({ pid: 0x200, randomAccess: true }))).to.be.true;
  });

  it('continues without a break when the same rule is set again', async () => {
    const [vw, endpoint] = [await TestRelay.start(), await TestEndpoint.start()];
    await vw.connect('video0', endpoint.url);
    for (let i = 0; i < 20; i++) await vw.api(i % 2 ? 'PUT' : 'POST', '/api/destinations', rule(endpoint.url));
    expect(endpoint.dials).to.equal(1);
    expect(endpoint.closeCodes).to.be.empty;
    expect(vw.link()).to.include({ state: 'open', attempts: 1 });
  });

  it('sends another feed over the link it has, and says that its counters are others', async () => {
    const [vw, endpoint] = [await TestRelay.start(), await TestEndpoint.start()];
    const [one, two] = [await begin(vw, 'one'), await begin(vw, 'two')];
    await vw.connect('one', endpoint.url);
    one.chunk(packet({ pid: 0x101 }));
    await endpoint.messagesCount(1);
    endpoint.messages.length = 0;
    await vw.connect('two', endpoint.url);
    two.chunk(packet({ pid: 0x102, counter: 7 }));
    await endpoint.messagesCount(1);
    one.chunk(packet({ pid: 0x101, counter: 1 }));
    two.chunk(packet({ pid: 0x102, counter: 8 }));
    await endpoint.messagesCount(2);
    const jump = packet({ pid: 0x102, counter: 6, hasPayload: false, discontinuity: true, fill: 0xff });
    expect(endpoint.bytes.toString('hex')).to.equal(
      Buffer.concat([jump, packet({ pid: 0x102, counter: 7 }), packet({ pid: 0x102, counter: 8 })]).toString('hex'),
    );
    expect(endpoint.dials).to.equal(1);
  });

  it('sends to the old endpoint until the new one answers, and loses nothing', async () => {
    const vw = await TestRelay.start();
    const [old, fresh] = [await TestEndpoint.start(), await TestEndpoint.start({ delayMs: 300 })];
    await vw.connect('video0', old.url);
    const upload = await begin(vw);
    await vw.api('POST', '/api/destinations', rule(fresh.url));
    let count = 0;
    await until('the new endpoint has taken over', () => {
      const one = packet();
      one.writeUInt32BE(count++, 8);
      upload.chunk(one);
      return fresh.messages.length > 5;
    });
    await until('all have arrived', () => old.bytes.length + fresh.bytes.length === count * 188);
    const all = Buffer.concat([old.bytes, fresh.bytes]);
    for (let i = 0; i < count; i++) expect(all.readUInt32BE(i * 188 + 8)).to.equal(i);
    expect(old.messages.length).to.be.greaterThan(10);
    await until('the old one is left', () => old.closeCodes.length === 1);
    expect(old.closeCodes).to.deep.equal([1000]);
  });

  it('does not redial the old endpoint when it is lost while the new one is being dialled', async () => {
    // It was dialled and served again, though no rule named it any more.
    const vw = await TestRelay.start();
    const [old, fresh] = [await TestEndpoint.start(), await TestEndpoint.start({ delayMs: 400 })];
    await vw.connect('video0', old.url);
    await vw.api('POST', '/api/destinations', rule(fresh.url));
    old.client!.terminate();
    await until('the new one is live', () => {
      const { live } = vw.relay.stats().destinations['0']!;
      return live.url === fresh.url && live.state === 'open';
    });
    expect(old.dials).to.equal(1);
  });

  it('closes its link with 1000 before its deletion is answered', async () => {
    const [vw, endpoint] = [await TestRelay.start(), await TestEndpoint.start()];
    await vw.connect('video0', endpoint.url);
    await vw.api('DELETE', '/api/destinations/0');
    expect(endpoint.closeCodes).to.deep.equal([1000]);
    expect(vw.relay.stats().destinations).to.deep.equal({});
  });

  it('is deleted quickly although its endpoint does not read, or never answered', async () => {
    const vw = await TestRelay.start();
    for (const manners of [{}, { isSilent: true }]) {
      const endpoint = await TestEndpoint.start(manners);
      await vw.api('POST', '/api/destinations', rule(endpoint.url));
      await until('it was dialled', () => endpoint.dials === 1);
      endpoint.pause();
      expect((await vw.api('DELETE', '/api/destinations/0')).status).to.equal(200); // or it would never be answered
      endpoint.resume();
      await until('its connection is gone', () => endpoint.openSockets === 0);
    }
  });

  it('is deleted while it waits for the next dial, and is not dialled any more', async () => {
    const [vw, endpoint] = [
      await TestRelay.start({ limits: { backoffMinMs: 100 } }),
      await TestEndpoint.start({ refuseWith: 500 }),
    ];
    await vw.api('POST', '/api/destinations', rule(endpoint.url));
    await until('it waits', () => vw.link().state === 'waiting');
    await vw.api('DELETE', '/api/destinations/0');
    const { dials } = endpoint;
    await pause(400);
    expect(endpoint.dials).to.equal(dials);
  });

  it('sends no frame after the closing frame of its endpoint', async () => {
    // RFC 6455 §5.5.1: data after a Close frame. It was written past ws until the socket was gone, and counted as sent.
    const far = await ClosingEndpoint.start();
    const vw = await TestRelay.start({ limits: { backoffMinMs: 60_000, backoffMaxMs: 60_000 } });
    await vw.connect('video0', far.url);
    const upload = await begin(vw);
    upload.chunk(packets(3));
    await until('a message has arrived', () => far.opcodes().includes(0x2));
    far.close();
    await until('the closing frame is answered', () => {
      upload.chunk(packets(3));
      return far.opcodes().includes(0x8);
    });
    upload.chunk(packets(3));
    await until('the link is lost', () => vw.link().state !== 'open');
    expect(far.opcodes().slice(far.opcodes().indexOf(0x8))).to.deep.equal([0x8]);
  });
});

describe('an endpoint that is slow', () => {
  it('has whole messages dropped, and resumes at a random access point', async () => {
    const vw = await TestRelay.start({ limits: { highWaterBytes: 200_000 } });
    const [slow, quick] = [await TestEndpoint.start(), await TestEndpoint.start()];
    await vw.connect('video0', slow.url, 'slow');
    await vw.connect('video0', quick.url, 'quick');
    const upload = await begin(vw);
    slow.pause();
    let count = 0;
    /** A chunk of 100 numbered packets, read before the next is sent: a message begins with its first packet. */
    const push = async (randomAccess: boolean) => {
      const chunk = Array.from({ length: 100 }, (_, i) => packet({ randomAccess: randomAccess && i === 0 }));
      for (const one of chunk) one.writeUInt32BE(count++, 8);
      upload.chunk(Buffer.concat(chunk));
      await until('it is read', () => vw.relay.stats().feeds.video0!.packets === count);
    };
    const numbers = (endpoint: TestEndpoint) => {
      const { bytes } = endpoint;
      return Array.from({ length: bytes.length / 188 }, (_, i) => bytes.readUInt32BE(i * 188 + 8));
    };
    await until('messages are dropped', async () => {
      await push(false);
      return vw.link('slow').droppedMessages > 20;
    });
    slow.resume();
    await until('nothing waits', () => vw.link('slow').waitingBytes === 0);
    expect(vw.link('slow').isDropping, 'without a random access point').to.be.true;
    await push(false);
    const joined = count;
    await push(true);
    await push(false);
    await until('it is live', () => numbers(slow).at(-1) === count - 1);
    const seen = numbers(slow);
    const gap = seen.findIndex((number, i) => number !== i);
    expect(seen[gap]).to.equal(joined);
    for (const { data } of slow.messages) expect(data.length % 188).to.equal(0);
    await until('the other has all', () => numbers(quick).length === count);
    expect(vw.link('quick').droppedMessages).to.equal(0);
    const { sentBytes, droppedBytes } = vw.link('slow');
    expect(sentBytes + droppedBytes).to.equal(count * 188);
  });
});

/** An endpoint on a bare socket, to see every frame that arrives. */
class ClosingEndpoint {
  url = '';
  #heard = Buffer.alloc(0);
  #send: ((bytes: Buffer) => void) | null = null;

  static async start(): Promise<ClosingEndpoint> {
    const one = new ClosingEndpoint();
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      afterTest(() => socket.destroy());
      socket.once('data', (head) => {
        const key = /sec-websocket-key: (\S+)/i.exec(head.toString())![1]!;
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        const lines = [
          'HTTP/1.1 101 Yes',
          'Upgrade: websocket',
          'Connection: Upgrade',
          `Sec-WebSocket-Accept: ${accept}`,
        ];
        socket.write(`${lines.join('\r\n')}\r\n\r\n`);
        socket.on('data', (data) => (one.#heard = Buffer.concat([one.#heard, data])));
        one.#send = (bytes) => void socket.write(bytes);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    afterTest(() => server.close());
    one.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return one;
  }

  close(): void {
    this.#send!(Buffer.from([0x88, 0x02, 0x03, 0xe8])); // Close, 1000
  }

  /** The opcodes of the frames so far. */
  opcodes(): number[] {
    const seen: number[] = [];
    for (let at = 0; at + 2 <= this.#heard.length;) {
      const short = this.#heard[at + 1]! & 0x7f;
      const [bytes, head] =
        short < 126
          ? [short, 6]
          : short === 126
            ? [this.#heard.readUInt16BE(at + 2), 8]
            : [this.#heard.readUInt32BE(at + 6), 14];
      seen.push(this.#heard[at]! & 0x0f);
      at += head + bytes;
    }
    return seen;
  }
}
