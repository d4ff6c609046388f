// A line on which MPEG-TS is damaged: what is posted to it goes on to a relay with wrong bits in it.

import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterTest } from '../cleanup.js';

const PACKET_BYTES = 188;

/** Where to post to instead of to `url`; `damage` changes packets in place. */
export async function damagedLine(url: string, damage: (packet: Buffer) => void): Promise<string> {
  const server = createServer((from, answer) => {
    const onward = request(url + (from.url ?? ''), { method: from.method }, (heard) => heard.pipe(answer));
    onward.on('error', () => from.destroy());
    let rest = Buffer.alloc(0);
    from.on('data', (data: Buffer) => {
      rest = Buffer.concat([rest, data]);
      const end = rest.length - (rest.length % PACKET_BYTES);
      for (let at = 0; at < end; at += PACKET_BYTES) damage(rest.subarray(at, at + PACKET_BYTES));
      onward.write(rest.subarray(0, end));
      rest = rest.subarray(end);
    });
    from.on('close', () => onward.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterTest(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
