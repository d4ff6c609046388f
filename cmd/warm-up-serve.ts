// Runs the far end's path once before the first board comes, as warm-up.ts does for the relay: a publisher and viewers of
// our own on loopback, for less than half a second. What V8 compiles for the first viewers it has compiled then.

import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../src/log.js';
import { PACKET_BYTES, SYNC } from '../src/mpegts/packet.js';
import { buildMaskedFrame, OPCODE_BINARY, OPCODE_TEXT } from '../src/relay/frame.js';
import { DEFAULT_SERVE_LIMITS } from '../src/serve/limits.js';
import { startServe } from '../src/serve/server.js';

/** Two rounds: how connections end changes what V8 knows of their objects. */
const ROUNDS_MS = [150, 250];
const VIEWERS = 24;
/** A frame's worth of packets: 20 kB, as a camera at 4 Mbit/s sends. */
const FRAME_PACKETS = 106;
const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Exercises the path. Whatever goes wrong is logged and does no harm. */
export async function warmUpServe(log: Log): Promise<void> {
  try {
    for (const ms of ROUNDS_MS) await exercise(ms);
  } catch (error) {
    log.warn('warming up failed', { reason: (error as Error).message });
  }
}

async function exercise(ms: number): Promise<void> {
  const server = await startServe(
    {
      host: '127.0.0.1',
      port: 0,
      certificate: null,
      headersTimeoutMs: 10_000,
      keepAliveMs: 15_000,
      maxConnections: 1000,
      maxPending: 500,
      secret: null,
      audiences: [],
      isOpen: false,
      embedders: [],
      trustedProxies: [],
      allowed: { hosts: new Set(), origins: new Set() },
      limits: DEFAULT_SERVE_LIMITS,
    },
    SILENT,
  );
  const viewers = await Promise.all(Array.from({ length: VIEWERS }, () => open(server.port, '/out/warm')));
  const publishers = [await open(server.port, '/in/warm'), await open(server.port, '/in/warm')];
  const packets = Buffer.alloc(FRAME_PACKETS * PACKET_BYTES);
  const began = performance.now();
  for (let frame = 0; performance.now() - began < ms; frame++) {
    for (let i = 0; i < FRAME_PACKETS; i++) {
      const isPoint = i === 0 && frame % 16 === 0; // of random access
      packets.set([SYNC, 0x01, 0x00, (isPoint ? 0x30 : 0x10) | ((frame * FRAME_PACKETS + i) & 0x0f)], i * PACKET_BYTES);
      if (isPoint) packets.set([1, 0x40], 4);
    }
    const publisher = publishers[Math.floor((performance.now() - began) / (ms / 2)) % 2]!;
    publisher.write(buildMaskedFrame(OPCODE_BINARY, packets));
    if (frame % 8 === 0) publisher.write(buildMaskedFrame(OPCODE_TEXT, Buffer.from('{"warm":true}')));
    await nextTurn();
    await nextTurn();
  }
  for (const socket of [...viewers, ...publishers]) socket.destroy();
  await server.close();
}

/** A WebSocket without its client: what comes is thrown away. */
async function open(port: number, path: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  socket.on('error', () => undefined);
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(socket, 'data');
  return socket.resume();
}
