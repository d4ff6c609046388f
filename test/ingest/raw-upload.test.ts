// A body in chunks of a byte is read whole, and never more than a read of it in one turn of the event loop.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { receiveUploadFromSocket } from '../../src/ingest/raw-upload.js';
import type { UploadSummary } from '../../src/ingest/upload.js';
import { afterTest } from '../support/cleanup.js';
import { TestRelay } from '../support/relay/relay.js';
import { Wire } from '../support/relay/wire.js';

const COUNT = 500_000;

describe('an upload in chunks of a byte', () => {
  it('is read a little in each turn, and whole', async () => {
    const { relay } = await TestRelay.start();
    let socket: Socket | null = null;
    let [most, before] = [0, 0];
    const ended = new Promise<UploadSummary>((resolve) => {
      const server = createServer({ allowHalfOpen: true }, (connection) => {
        const wrong = () => resolve({ feed: '', bytes: -1, packets: 0, skippedBytes: 0 });
        const answers = {
          ended: (_: Socket, summary: UploadSummary) => resolve(summary),
          superseded: wrong,
          broken: wrong,
        };
        socket = receiveUploadFromSocket(connection, Buffer.alloc(0), relay.feed('flood'), answers);
      }).listen(0, '127.0.0.1', () => {
        new Wire((server.address() as AddressInfo).port).write(`${'1\r\nx\r\n'.repeat(COUNT)}0\r\n\r\n`);
      });
      afterTest(() => server.close());
    });
    let isOver = false;
    const look = () => {
      const read = socket?.bytesRead ?? 0;
      most = Math.max(most, read - before);
      before = read;
      if (!isOver) setImmediate(look);
    };
    look();
    expect((await ended).bytes).to.equal(COUNT);
    isOver = true;
    expect(most).to.be.at.most(2 << 16);
    socket!.destroy();
    await once(socket!, 'close');
  });
});
