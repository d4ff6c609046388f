// What a reader's WebSocket gets of the frames that bypass ws.send: every message whole, in order, and of its kind.

import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { expect } from 'chai';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { FrameOutlet } from '../../../src/relay/delivery/frame-outlet.js';
import { serverFrameBuilder } from '../../../src/relay/framing/frame.js';
import { Message } from '../../../src/relay/message.js';
import { afterTest } from '../../support/cleanup.js';
import { until } from '../../support/wait.js';

interface Pair {
  readonly outlet: FrameOutlet;
  readonly server: WebSocket;
  readonly client: WebSocket;
  /** What the client got, each with its kind in front. */
  readonly got: string[];
}

async function connect(): Promise<Pair> {
  const listener = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(listener, 'listening');
  const connected = once(listener, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${(listener.address() as AddressInfo).port}`);
  const got: string[] = [];
  client.on('message', (data: RawData, isBinary) => {
    const bytes = data as Buffer;
    got.push(`${isBinary ? 'binary' : 'text'} ${bytes.length} ${bytes.every((byte) => byte === bytes[0])} ${bytes[0]}`);
  });
  const [server, request] = (await connected) as [WebSocket, { socket: Socket }];
  if (client.readyState !== WebSocket.OPEN) await once(client, 'open'); // before that it cannot be paused
  afterTest(() => {
    client.terminate();
    listener.close();
  });
  return { outlet: new FrameOutlet(server, request.socket, serverFrameBuilder), server, client, got };
}

const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);

describe('FrameOutlet', () => {
  it('sends every message whole and in order, also when the reader is slow, whose memory is lent or lasting', async () => {
    const { outlet, client, got } = await connect();
    client.pause();
    const expected: string[] = [];
    const lent = Buffer.alloc(200_000);
    for (let value = 1; value < 120; value++) {
      const length = [1, 125, 126, 65_000, 65_535, 65_536, 200_000][value % 7]!;
      const kind = value % 3 === 0 ? 'text' : 'binary';
      lent.fill(value, 0, length);
      expect(outlet.waitingBytes).to.not.equal(-1);
      const isLasting = value % 5 === 0;
      outlet.send(isLasting ? Message.lasting(bytes(length, value)) : new Message(kind, lent.subarray(0, length)));
      expected.push(`${isLasting ? 'binary' : kind} ${length} true ${value}`);
    }
    expect(outlet.waitingBytes, 'the system does not take all of it').to.be.above(0);
    client.resume();
    await until('all have come', () => got.length === expected.length);
    expect(got).to.deep.equal(expected);
    await until('nothing waits', () => outlet.waitingBytes === 0);
  });

  it('keeps no copy of what is in lasting memory', async () => {
    const { outlet, client } = await connect();
    client.pause();
    const block = bytes(64 * 1024, 7);
    await until('the system takes no more', () => {
      for (let i = 0; i < 20; i++) outlet.send(Message.lasting(block));
      return outlet.waitingBytes > 1024 * 1024;
    });
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 100; i++) outlet.send(Message.lasting(block));
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(1024 * 1024);
    expect(outlet.queuedBytes).to.be.above(100 * block.length);
  });

  it('sends nothing once its WebSocket is being closed (RFC 6455 §5.5.1)', async () => {
    const { outlet, server } = await connect();
    expect(outlet.waitingBytes).to.equal(0);
    server.close(1000);
    expect(outlet.waitingBytes).to.equal(-1);
  });
});
