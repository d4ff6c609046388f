// Node's own HTTP parser, tested over a socket: which requests it accepts, and which it refuses.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterTest } from '../cleanup.js';

/** What Node makes of a request: its body, or `null` where it refuses. */
export interface NodeVerdict {
  readonly target: string;
  readonly body: Buffer;
}

export class NodeParser {
  private constructor(private readonly port: number) {}

  static async start(): Promise<NodeParser> {
    const server = createServer((request, response) => {
      const out: Buffer[] = [];
      request
        .on('data', (data: Buffer) => out.push(data))
        .on('error', () => undefined)
        .on('end', () => {
          const body = JSON.stringify({ target: request.url, hex: Buffer.concat(out).toString('hex') });
          response.setHeader('Content-Length', body.length).setHeader('Connection', 'close').end(body);
        });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    afterTest(() => {
      server.closeAllConnections();
      server.close();
    });
    return new NodeParser((server.address() as AddressInfo).port);
  }

  /** Sends one request and nothing behind it; one that Node waits to see more of is refused too. */
  async read(request: Buffer): Promise<NodeVerdict | null> {
    const socket = connect(this.port, '127.0.0.1');
    socket.on('error', () => undefined);
    let heard = '';
    socket.on('data', (data: Buffer) => (heard += data.toString('latin1')));
    socket.end(request);
    await once(socket, 'close');
    if (!heard.startsWith('HTTP/1.1 200')) return null;
    const { target, hex } = JSON.parse(heard.slice(heard.indexOf('\r\n\r\n') + 4)) as { target: string; hex: string };
    return { target, body: Buffer.from(hex, 'hex') };
  }
}
