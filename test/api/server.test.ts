// The API's server with a certificate of its own.

import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { certificateFor, testAuthority } from '../support/relay/certificates.js';
import { type Pair } from '../support/relay/endpoints.js';
import { afterTest } from '../support/cleanup.js';
import { until } from '../support/wait.js';
import { scratch } from '../support/media/ffmpeg.js';
import { packets } from '../support/mpegts/ts.js';
import { TestRelay } from '../support/relay/relay.js';
import { Wire } from '../support/relay/wire.js';

function put(folder: string, { cert, key }: Pair): { cert: string; key: string } {
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return files;
}

async function secure(port: number): Promise<TLSSocket> {
  const { cert: ca } = await testAuthority();
  const socket = connect({ port, host: '127.0.0.1', ca, servername: 'localhost' });
  afterTest(() => socket.destroy());
  await new Promise((resolve, reject) => socket.on('secureConnect', resolve).on('error', reject));
  return socket;
}

describe('a server with a certificate', () => {
  it('takes uploads and WebSockets by TLS, marks its cookie Secure, and answers no plain HTTP', async () => {
    const { cert: ca } = await testAuthority();
    const certificate = put(scratch(), await certificateFor(['localhost', '127.0.0.1']));
    const relay = await TestRelay.start({ certificate, apiKey: 'k' });
    const player = new WebSocket(`wss://localhost:${relay.port}/ws/x`, { ca, headers: { Authorization: 'Bearer k' } });
    afterTest(() => player.terminate());
    const heard: Buffer[] = [];
    player.on('message', (data) => heard.push(data as Buffer));
    await new Promise((resolve, reject) => player.on('open', resolve).on('error', reject));
    const socket = await secure(relay.port);
    socket.write('POST /ts/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    socket.write('bc\r\n');
    socket.write(packets(1));
    socket.write('\r\n0\r\n\r\n');
    await until('the packet arrives', () => Buffer.concat(heard).equals(packets(1)));
    const cookie = await new Promise<string>((resolve, reject) => {
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded', Host: 'localhost' };
      request({
        host: '127.0.0.1',
        port: relay.port,
        path: '/login',
        method: 'POST',
        ca,
        headers,
        servername: 'localhost',
      })
        .on('response', (response) => resolve(String(response.headers['set-cookie'])))
        .on('error', reject)
        .end('key=k');
    });
    expect(cookie).to.contain('Secure').and.contain('HttpOnly');
    const plain = new Wire(relay.port).write('GET /api/stats HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until('plain HTTP is cut', () => plain.isClosed);
    expect(plain.heard).not.to.contain('200');
  });

  it('holds a file back that is pushed by TLS, a record of 16 KiB at a time, faster than its endpoint takes it', async () => {
    const certificate = put(scratch(), await certificateFor(['localhost']));
    const relay = await TestRelay.start({ certificate });
    const endpoint = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    afterTest(() => endpoint.close());
    await once(endpoint, 'listening');
    let taken = 0;
    endpoint.on('connection', (link) =>
      link.on('message', (data: Buffer) => {
        taken += data.length;
        link.pause(); // slower than what is pushed: it looks away after every read
        setTimeout(() => link.resume(), 2);
      }),
    );
    const { port } = endpoint.address() as AddressInfo;
    relay.relay.setDestination({ id: '0', stream: 'x', destination: `ws://127.0.0.1:${port}/` });
    const link = () => relay.relay.stats().destinations['0']!.live;
    await until('the link is open', () => link().state === 'open');
    const socket = await secure(relay.port);
    const piece = packets(1000);
    socket.write('POST /ts/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let i = 0; i < 200; i++) {
      socket.write(`${piece.length.toString(16)}\r\n`);
      socket.write(piece);
      if (!socket.write('\r\n')) await once(socket, 'drain');
    }
    socket.write('0\r\n\r\n');
    await until('all has arrived or was dropped', () => taken + link().droppedBytes >= piece.length * 200);
    expect(link().droppedMessages).to.equal(0);
  });

  it('cuts TLS handshakes that never end, and counts them', async () => {
    const certificate = put(scratch(), await certificateFor(['localhost']));
    const relay = await TestRelay.start({ certificate, headersTimeoutMs: 300, maxConnections: 10 });
    const held = Array.from({ length: 10 }, () => new Wire(relay.port));
    await until('ten are open', () => held.every(({ socket }) => socket.readyState === 'open'));
    const more = new Wire(relay.port);
    await until('one more is cut', () => more.isClosed);
    await until('the ten are gone', () => held.every(({ isClosed }) => isClosed));
    await secure(relay.port);
  });

  it('takes a new certificate when the files change, keeps connections, and keeps the old one while they are half changed', async () => {
    const folder = scratch();
    const first = await certificateFor(['localhost', 'first.example']);
    const second = await certificateFor(['localhost', 'second.example']);
    const relay = await TestRelay.start({ certificate: put(folder, first) });
    const stays = await secure(relay.port);
    const names = async () => (await secure(relay.port)).getPeerCertificate().subjectaltname ?? '';
    expect(await names()).to.contain('first.example');
    writeFileSync(join(folder, 'cert.pem'), second.cert);
    await until('the half change is noticed', () => relay.log.lines.some(({ level }) => level === 'warn'));
    expect(await names()).to.contain('first.example');
    writeFileSync(join(folder, 'new'), second.key);
    copyFileSync(join(folder, 'new'), join(folder, 'key.pem'));
    await until('the new one is taken', async () => (await names()).includes('second.example'));
    stays.write('GET /healthcheck HTTP/1.1\r\nHost: localhost\r\n\r\n');
    let heard = '';
    stays.on('data', (data: Buffer) => (heard += data.toString()));
    await until('the old connection is served', () => heard.includes('200 OK'));
  });
});
