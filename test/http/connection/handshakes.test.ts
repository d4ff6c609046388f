// TLS handshakes begin a few a turn of the event loop; whoever does not say hello, or says something else, is cut off.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectSecure } from 'node:tls';
import { expect } from 'chai';
import { limitHandshakesPerTurn } from '../../../src/http/connection/handshakes.js';
import { certificateFor } from '../../support/relay/certificates.js';
import { TestServe } from '../../support/relay/serve.js';
import { afterTest } from '../../support/cleanup.js';
import { until } from '../../support/wait.js';
import { scratch } from '../../support/media/ffmpeg.js';
import { TestRelay } from '../../support/relay/relay.js';
import { Wire } from '../../support/relay/wire.js';

async function certificateFiles(): Promise<{ cert: string; key: string }> {
  const folder = scratch();
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const { cert, key } = await certificateFor(['127.0.0.1']);
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return files;
}

describe('a TLS handshake', () => {
  it('begins with the first bytes, two in a turn, of each connection that has said something', async () => {
    const begun: string[] = [];
    let [inTurn, most] = [0, 0];
    const server = createServer((socket) => {
      if (inTurn++ === 0) setImmediate(() => (inTurn = 0));
      most = Math.max(most, inTurn);
      begun.push(String(socket.read()));
      socket.destroy();
    });
    limitHandshakesPerTurn(server); // any that takes connections
    server.listen(0, '127.0.0.1');
    afterTest(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    let came = 0;
    server.on('connection', () => came++);
    const wires = Array.from({ length: 100 }, () => new Wire(port));
    await until('all have come', () => came === 100);
    expect(begun, 'before they say something').to.deep.equal([]);
    wires.forEach((wire, i) => wire.write(`hello ${i}`));
    await until('all have begun', () => begun.length === 100);
    expect(new Set(begun)).to.deep.equal(new Set(wires.map((_, i) => `hello ${i}`)));
    expect(most).to.equal(2);
  });

  it('is not behind all those that another address has begun, nor behind connections that still come', async () => {
    const begun: string[] = [];
    const server = createServer((socket) => {
      begun.push(socket.remoteAddress!);
      socket.destroy();
    });
    limitHandshakesPerTurn(server, 1);
    server.listen(0, '127.0.0.1');
    afterTest(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const from = (localAddress: string) => {
      return new Wire(port, '', connect({ port, host: '127.0.0.1', localAddress })).write('hello');
    };
    for (let i = 0; i < 200; i++) from('127.0.0.1');
    const other = from('127.0.0.2');
    await until('it has begun', () => other.isClosed);
    await until('all have begun', () => begun.length === 201);
    expect(begun.indexOf('127.0.0.2')).to.be.below(100);
  });

  it('of each of two hundred that come at once is done', async () => {
    const certificate = await certificateFiles();
    const serve = await TestServe.start({ certificate });
    const wires = Array.from({ length: 200 }, () => {
      const socket = connectSecure({ port: serve.port, host: '127.0.0.1', rejectUnauthorized: false });
      return new Wire(serve.port, '127.0.0.1', socket).write(
        'GET /healthcheck HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      );
    });
    await until('all are answered', () => wires.every(({ heard }) => heard.endsWith('"ok"\n')));
  });

  it('that does not begin, or is none, ends the connection in time, at both servers', async () => {
    const certificate = await certificateFiles();
    const [relay, serve] = [
      await TestRelay.start({ certificate, headersTimeoutMs: 300 }),
      await TestServe.start({ certificate, headersTimeoutMs: 300 }),
    ];
    for (const { port } of [relay, serve]) {
      const wires = ['', '\x16', '\x16\x03\x01', 'GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x00\x05hello'].map((bytes) =>
        new Wire(port).write(bytes),
      );
      const half = new Wire(port);
      half.socket.end();
      await until('all are cut', () => [...wires, half].every(({ isClosed }) => isClosed));
      expect(wires.map(({ heard }) => heard).join('')).not.to.contain('HTTP');
    }
  });
});
