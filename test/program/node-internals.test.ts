// What is used of Node and ws that they do not promise. Each of these says what is lost with a version that does otherwise;
// everything else goes on.

import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { readShared } from '../../src/ingest/socket-reader.js';
import { OPCODE_BINARY, buildMaskedFrame } from '../../src/relay/framing/frame.js';
import { afterTest } from '../support/cleanup.js';
import { until } from '../support/wait.js';

/** Two ends of a TCP connection. */
async function connection(): Promise<{ ours: Socket; theirs: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  afterTest(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const theirs = connect((server.address() as AddressInfo).port, '127.0.0.1');
  afterTest(() => theirs.destroy());
  const [ours] = (await once(server, 'connection')) as [Socket];
  afterTest(() => ours.destroy());
  return { ours, theirs };
}

describe('this version of Node', () => {
  it('lets a connection move to a socket that reads into shared memory', async () => {
    const { ours, theirs } = await connection();
    const taken: Buffer[] = [];
    let headroom = 0;
    const reader = readShared(ours, {
      receive: (bytes, room) => {
        taken.push(Buffer.from(bytes));
        headroom = room;
      },
    });
    afterTest(() => reader.destroy());
    theirs.write('what is sent');
    await until('it has come', () => Buffer.concat(taken).toString() === 'what is sent');
    expect(reader, 'uploads are read the ordinary way, which costs a fifth more (socket-reader.ts)').not.to.equal(ours);
    expect(headroom).to.be.above(0);
  });

  it('says in the handle of a socket how much of a write is left', async () => {
    const { ours, theirs } = await connection();
    theirs.pause();
    ours.write(Buffer.alloc(32 << 20));
    const { _handle: handle } = ours as unknown as { _handle: { writeQueueSize: unknown } };
    expect(handle.writeQueueSize, 'a viewer that takes little of a long write counts as stuck (viewer.ts)').to.be.a(
      'number',
    );
    expect(handle.writeQueueSize).to.be.within(1, 32 << 20);
  });

  it('has one listener for the connections of an HTTP server, which can be called later', () => {
    const message = 'connections cannot be looked at before Node reads them (bare-server.ts, handshakes.ts)';
    expect(createHttpServer().listeners('connection'), message).to.have.length(1);
    const secure = createHttpsServer();
    expect(secure.listeners('connection'), message).to.have.length(1);
    expect(secure.listeners('secureConnection'), message).to.have.length(1);
  });
});

describe('this version of ws', () => {
  it('sends what was written to its connection in order with what it sends itself', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    afterTest(() => server.close());
    await once(server, 'listening');
    const received: string[] = [];
    server.on('connection', (socket) => socket.on('message', (data) => received.push((data as Buffer).toString())));
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
      perMessageDeflate: false,
    });
    afterTest(() => socket.terminate());
    let carrier: Socket | null = null;
    socket.on('upgrade', (response) => (carrier = response.socket));
    await once(socket, 'open');
    socket.send('first');
    carrier!.write(buildMaskedFrame(OPCODE_BINARY, Buffer.from('second')));
    socket.send('third');
    await until('all have come', () => received.length === 3);
    expect(received, 'frames cannot be written past ws.send (reconnecting.ts)').to.deep.equal([
      'first',
      'second',
      'third',
    ]);
  });
});
