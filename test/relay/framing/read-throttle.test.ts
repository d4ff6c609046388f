// Floods of tiny frames against ws itself: what is handed on in one turn of the event loop is bounded, nothing is lost.

import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { answerPings } from '../../../src/relay/framing/pongs.js';
import { throttleReads } from '../../../src/relay/framing/read-throttle.js';
import { Turns } from '../../../src/fairness/turns.js';
import { afterTest } from '../../support/cleanup.js';
import { floodOf, openBare, tinyFrame } from '../../support/load/flood.js';
import { until } from '../../support/wait.js';

const CANARY =
  'ws has changed: its receiver is no Writable at WebSocket._receiver any more, so floods of tiny messages are not throttled; ' +
  'see src/relay/framing/read-throttle.ts';

interface Pair {
  /** The end that is flooded. */
  readonly socket: WebSocket;
  readonly carrier: Socket;
  readonly turns: Turns;
  throttled: number;
}

/** A server of ws whose client is throttled, and where it is. */
async function serve(budgetMs: number, withClient: (pair: Pair) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, autoPong: false });
  afterTest(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await once(server, 'listening');
  server.on('connection', (socket, request) => {
    const pair: Pair = { socket, carrier: request.socket, turns: new Turns(budgetMs), throttled: 0 };
    socket.on('error', () => undefined);
    answerPings(socket, request.socket);
    expect(
      throttleReads(socket, () => pair.throttled++, pair.turns),
      CANARY,
    ).to.equal(true);
    withClient(pair);
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Counts how many events come in each turn of the event loop. */
function perTurn(): { note: () => void; most: () => number; total: () => number } {
  let inTurn = 0;
  let most = 0;
  let total = 0;
  let isArmed = false;
  return {
    note: () => {
      inTurn++;
      total++;
      most = Math.max(most, inTurn);
      if (isArmed) return;
      isArmed = true;
      setImmediate(() => {
        inTurn = 0;
        isArmed = false;
      });
    },
    most: () => most,
    total: () => total,
  };
}

describe('a read of very many frames', () => {
  for (const [kind, opcode] of [
    ['text', 1],
    ['binary', 2],
    ['pong', 10],
    ['ping', 9],
  ] as const) {
    it(`is handed on in slices, whole and in order (${kind})`, async () => {
      const heard: number[] = [];
      const turns = perTurn();
      let pair: Pair | undefined;
      const url = await serve(0.0001, (one) => {
        pair = one;
        const take = (data: unknown) => {
          heard.push(Number((data as Buffer).toString()));
          turns.note();
        };
        one.socket.on(opcode < 8 ? 'message' : kind, take);
      });
      const peer = await openBare(url);
      const count = 5000;
      peer.write(
        Buffer.concat(Array.from({ length: count }, (_, i) => tinyFrame(opcode, String(i), { isMasked: true }))),
      );
      await until('all are heard', () => heard.length === count);
      expect(heard).to.deep.equal(heard.map((_, i) => i));
      expect(turns.most(), 'events in one turn').to.be.at.most(60); // 16 that are free, and a slice or two
      expect(pair!.throttled).to.be.at.least(1);
    });
  }

  it('of a link to an endpoint is handed on in slices too', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
    afterTest(() => server.close());
    await once(server, 'listening');
    server.on('connection', (_socket, request) => void request.socket.write(floodOf('text', false, 30_000)));
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    afterTest(() => socket.terminate());
    const turns = perTurn();
    socket.on('message', turns.note);
    socket.on('open', () =>
      expect(
        throttleReads(socket, () => undefined, new Turns(0.0001)),
        CANARY,
      ).to.equal(true),
    );
    await until('all are heard', () => turns.total() === 10_000);
    expect(turns.most()).to.be.at.most(60);
  });

  it('that are fragments is one message, and others are served in between', async () => {
    const heard: string[] = [];
    let served = 0;
    let isOver = false;
    const url = await serve(0.0001, ({ socket }) => {
      socket.on('message', (data: Buffer) => heard.push(data.toString()));
      const serveOthers = () => {
        served++;
        if (!isOver) setImmediate(serveOthers);
      };
      serveOthers();
    });
    const peer = await openBare(url);
    const message = [
      tinyFrame(1, 'a', { isMasked: true, isLast: false }),
      ...Array.from({ length: 4000 }, () => tinyFrame(0, 'b', { isMasked: true, isLast: false })),
      tinyFrame(0, 'c', { isMasked: true }),
    ];
    peer.write(Buffer.concat(message));
    await until('it is heard', () => heard.length === 1);
    isOver = true;
    expect(heard[0]).to.equal(`a${'b'.repeat(4000)}c`);
    expect(served).to.be.at.least(200);
  });

  it('is heard to its end where the peer closes or breaks off behind it', async () => {
    for (const end of ['close frame', 'end']) {
      let heard = 0;
      let closed: number | null = null;
      const url = await serve(0.0001, ({ socket }) => {
        socket.on('message', () => heard++).on('close', (code) => (closed = code));
      });
      const peer = await openBare(url);
      peer.write(floodOf('text', true, 7 * 5000));
      if (end === 'end') peer.end();
      else peer.end(tinyFrame(8, '\x03\xe9', { isMasked: true }));
      await until(`it is closed (${end})`, () => closed !== null);
      expect([heard, closed]).to.deep.equal([5000, end === 'end' ? 1006 : 1001]);
    }
  });

  it('with an invalid frame in it ends the connection there', async () => {
    let heard = 0;
    let closed: number | null = null;
    const url = await serve(0.0001, ({ socket }) => {
      socket.on('message', () => heard++).on('close', (code) => (closed = code));
    });
    const peer = await openBare(url);
    const flood = floodOf('text', true, 7 * 3000);
    peer.write(Buffer.concat([flood, tinyFrame(3, '', { isMasked: true }), flood]));
    await until('it is closed', () => closed !== null);
    expect(heard).to.equal(3000);
  });

  it('waits while the WebSocket is paused', async () => {
    let heard = 0;
    const sockets: WebSocket[] = [];
    const url = await serve(0.0001, ({ socket }) => {
      sockets.push(socket);
      socket.on('message', () => {
        if (++heard === 1) socket.pause();
      });
    });
    const peer = await openBare(url);
    const flood = floodOf('text', true, 7 * 9000);
    for (let i = 0; i < 10; i++) peer.write(flood);
    await until('what was read is handed on, and no more is', async () => {
      const before = heard;
      for (let i = 0; i < 100; i++) await new Promise(setImmediate);
      return heard > 0 && heard === before;
    });
    expect(heard).to.be.below(10 * 9000);
    sockets[0]!.resume();
    await until('the rest is', () => heard === 10 * 9000);
  });

  it('is followed by the reads that came meanwhile, in order', async () => {
    const heard: number[] = [];
    let pair: Pair | undefined;
    const turns = perTurn();
    const url = await serve(0.05, (one) => {
      pair = one;
      one.socket.on('message', (data: Buffer) => {
        heard.push(Number(data.toString()));
        turns.note();
      });
    });
    await openBare(url);
    await until('it is there', () => pair);
    const { _receiver: receiver } = pair!.socket as unknown as { _receiver: Writable };
    const sizes = [200, 3, 1, 40, 17, 16, 300, 1, 1, 50, 2, 100];
    let sent = 0;
    for (const size of [...sizes, ...sizes, ...sizes]) {
      const frames = Array.from({ length: size }, () => tinyFrame(1, String(sent++), { isMasked: true }));
      receiver.write(Buffer.concat(frames));
    }
    await until('all are heard', () => heard.length === sent);
    expect(heard).to.deep.equal(heard.map((_, i) => i));
    expect(turns.most()).to.be.below(sent / 3);
  });

  it('of few frames passes in the turn in which it was read', async () => {
    let pair: Pair | undefined;
    let heard = 0;
    const url = await serve(0.0001, (one) => {
      pair = one;
      one.socket.on('message', () => heard++);
    });
    const peer = await openBare(url);
    for (let i = 0; i < 50; i++) {
      peer.write(Buffer.concat(Array.from({ length: 5 }, () => tinyFrame(2, 'x', { isMasked: true }))));
      await until('it is heard', () => heard === (i + 1) * 5);
    }
    expect(pair!.throttled).to.equal(0);
  });
});

describe('pings', () => {
  it('are answered each where the peer reads', async () => {
    const url = await serve(2, () => undefined);
    const peer = await openBare(url);
    let answered = '';
    peer.on('data', (bytes: Buffer) => (answered += bytes.toString('latin1')));
    peer.write(Buffer.concat(Array.from({ length: 500 }, (_, i) => tinyFrame(9, `<${i}>`, { isMasked: true }))));
    await until('the last is answered', () => answered.includes('<499>'));
    expect(answered.match(/<\d+>/g)).to.have.length(500);
  });

  it('that a peer floods without reading are answered with the last, and do not pile up', async () => {
    let carrier: Socket | undefined;
    let pings = 0;
    const url = await serve(2, (pair) => {
      ({ carrier } = pair);
      pair.socket.on('ping', () => pings++);
    });
    const peer = await openBare(url);
    peer.pause();
    const flood = tinyFrame(9, 'x'.repeat(125), { isMasked: true });
    const many = Buffer.concat(Array.from({ length: 500 }, () => flood));
    await until('the answers wait', () => {
      peer.write(many);
      return carrier!.writableLength > 0 && pings > 10_000;
    });
    peer.write(tinyFrame(9, 'last', { isMasked: true }));
    const sent = (peer.bytesWritten / flood.length) | 0;
    await until('all were read', () => pings > sent - 2);
    expect(carrier!.writableLength).to.be.below(20_000);
    let answered = '';
    peer.on('data', (bytes: Buffer) => (answered = answered.slice(-10) + bytes.toString('latin1')));
    peer.resume();
    await until('the last is answered', () => answered.endsWith('last'));
  });
});
