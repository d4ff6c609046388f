// What one read gives Node's parser is given in slices, a few in each turn of the event loop, whatever it is made of; all of it
// arrives, in order. Here a turn has time for one slice.

import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { connectionEvent, createBareServer, passToNode, listen } from '../../../src/http/connection/bare-server.js';
import { ParserThrottle } from '../../../src/http/connection/parser-throttle.js';
import { handleUpgrades } from '../../../src/http/connection/websocket-upgrades.js';
import { FreeAllowance, Turns } from '../../../src/fairness/turns.js';
import { certificateFor } from '../../support/relay/certificates.js';
import { openTinyRecords } from '../../support/load/tiny-records.js';
import { afterTest } from '../../support/cleanup.js';
import { until } from '../../support/wait.js';
import { scratch } from '../../support/media/ffmpeg.js';
import { Wire } from '../../support/relay/wire.js';

const LIMITS = { headersTimeoutMs: 5000, keepAliveMs: 5000 };

/** How often something happened in the turn of the event loop in which it happened most. */
class PerTurn {
  most = 0;
  all = 0;
  #now = 0;
  note(): void {
    if (this.#now++ === 0) setImmediate(() => (this.#now = 0));
    this.most = Math.max(this.most, this.#now);
    this.all++;
  }
}

async function serve(
  take: (request: IncomingMessage, response: ServerResponse) => void,
  certificate: { cert: string; key: string } | null = null,
): Promise<{ port: number; server: ReturnType<typeof createBareServer> }> {
  const server = createBareServer({ certificate, ...LIMITS }, 0).on('request', take);
  const turns = new Turns(0.0001);
  server.on(connectionEvent(server), (socket: Socket) => {
    new ParserThrottle(socket, turns, new FreeAllowance(turns, 1));
    passToNode(server, socket);
  });
  await listen(server, 0, '127.0.0.1');
  afterTest(() => server.close());
  return { port: (server.address() as AddressInfo).port, server };
}

const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\n';

describe('what one read gives the parser', () => {
  it('is a few requests a turn', async () => {
    const requests = new PerTurn();
    const { port } = await serve((_request, response) => {
      requests.note();
      response.end();
    });
    new Wire(port).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5000));
    await until('all have come', () => requests.all === 5000);
    expect(requests.most).to.be.below(50);
  });

  it('is a few chunks of a body a turn', async () => {
    const pieces = new PerTurn();
    let body = '';
    const { port } = await serve((request, response) => {
      request.on('data', (bytes: Buffer) => {
        pieces.note();
        body += bytes.toString();
      });
      request.on('end', () => response.end(`got ${body.length}`));
    });
    const text = Array.from({ length: 20_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
    const wire = new Wire(port).write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    wire.write(`${text.replace(/./g, '1\r\n$&\r\n')}0\r\n\r\n`);
    await until('it is answered', () => wire.heard.includes('got 20000'));
    expect(body === text, 'the same').to.equal(true);
    expect(pieces.most).to.be.below(70);
  });

  it('is all of a large body, also where its reader stops for a while', async () => {
    let length = 0;
    const { port } = await serve((request, response) => {
      request.on('data', (bytes: Buffer) => {
        length += bytes.length;
        request.pause();
        setImmediate(() => request.resume());
      });
      request.on('end', () => response.end(`got ${length}`));
    });
    const lines = Buffer.from('a line\r\n'.repeat(100_000));
    const wire = new Wire(port).write(`${HEAD}Content-Length: ${2 * lines.length}\r\n\r\n`).write(lines);
    wire.write(Buffer.alloc(lines.length, 0x47));
    await until('it is answered', () => wire.heard.includes(`got ${2 * lines.length}`));
  });

  it('is what came before the end of the connection, and then the end', async () => {
    let count = 0;
    const { port } = await serve((_request, response) => {
      count++;
      response.end();
    });
    const wire = new Wire(port);
    wire.socket.end('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1000));
    await until('it is over', () => wire.isClosed);
    expect(count).to.equal(1000);
    expect(wire.heard.match(/200 OK/g)).to.have.lengthOf(1000);
  });

  it('is nothing more behind what is no HTTP, and the answer arrives', async () => {
    const { port } = await serve((_request, response) => void response.end());
    const wire = new Wire(port).write(`GET / HTTP/1.1\r\nHost: x\r\n\r\n${'no request\r\n'.repeat(20_000)}`);
    await until('it is over', () => wire.isClosed);
    expect(wire.heard.match(/HTTP\/1.1 \d+/g)).to.deep.equal(['HTTP/1.1 200', 'HTTP/1.1 400']);
    expect(wire.heard).to.contain('ERR_BAD_HTTP');
  });

  for (const protocol of ['websocket', 'h2c']) {
    it(`stays in order behind an upgrade to ${protocol}`, async () => {
      const [paths, frames] = [[] as string[], [] as Buffer[]];
      const { port, server } = await serve((request, response) => {
        paths.push(request.url!);
        request.resume().on('end', () => response.end());
      });
      handleUpgrades(server, 'GET', (_request, socket, head) => {
        socket.unshift(head);
        socket.on('data', (bytes: Buffer) => void frames.push(bytes));
      });
      const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
      const many = (name: string) => Array.from({ length: 200 }, (_, i) => `/${name}${i}`);
      const upgrade = get('/up', `Connection: Upgrade\r\nUpgrade: ${protocol}\r\n`);
      const behind =
        protocol === 'h2c'
          ? many('b')
              .map((path) => get(path))
              .join('')
          : 'frames\r\n'.repeat(5000);
      new Wire(port).write(
        many('a')
          .map((path) => get(path))
          .join('') +
          upgrade +
          behind,
      );
      const before = many('a');
      if (protocol === 'h2c') {
        await until('all have come', () => paths.length === 401);
        expect(paths).to.deep.equal([...before, '/up', ...many('b')]);
      } else {
        await until('all have come', () => Buffer.concat(frames).length === behind.length);
        expect(Buffer.concat(frames).toString() === behind, 'the same').to.equal(true);
        expect(paths).to.deep.equal(before);
      }
    });
  }

  it('is put together where it comes a byte a record, by TLS', async () => {
    const files = { cert: join(scratch(), 'cert.pem'), key: join(scratch(), 'key.pem') };
    const { cert, key } = await certificateFor(['127.0.0.1']);
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key);
    let reads = 0;
    const { port, server } = await serve((request, response) => {
      request.resume().on('end', () => response.end(request.url));
    }, files);
    server.on('secureConnection', (socket: Socket) => socket.on('data', () => reads++));
    const { socket, send } = await openTinyRecords(port, '127.0.0.1');
    const wire = new Wire(port, '127.0.0.1', socket);
    const text = Array.from({ length: 100 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: x\r\n\r\n`).join('');
    await send(text);
    await until('all are answered', () => wire.heard.endsWith('\r\n\r\n/99'));
    expect(wire.heard.match(/\r\n\r\n\/\d+/g)).to.deep.equal(Array.from({ length: 100 }, (_, i) => `\r\n\r\n/${i}`));
    expect(reads).to.be.below(text.length / 2);
  });
});
