// Runs the whole path once before the first camera comes: uploads through a relay of its own to far ends of its own, on
// this machine's loopback, for about half a second. V8 compiles what turns out to be hot, and does it now, not while
// pictures wait; a relay that cannot pass its own pictures on says so before anybody relies on it.

import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DEFAULT_SERVER_OPTIONS, startServer } from '../src/api/server.js';
import type { Log } from '../src/log.js';
import { OutputTables } from '../src/mpegts/output-tables.js';
import { PACKET_BYTES } from '../src/mpegts/packet.js';
import { writePcr, writeTimestamp } from '../src/mpegts/timestamp.js';
import { DEFAULT_LIMITS } from '../src/relay/limits.js';
import { Relay } from '../src/relay/relay.js';

/** Two rounds: how connections end changes what V8 knows of their objects, and what it compiled before is thrown away. */
const ROUNDS_MS = [150, 350];
const FEEDS = 4;
const FAR_ENDS_EACH = 6;
/** A frame's worth of packets: 10 kB, as a camera at 2 Mbit/s sends. */
const FRAME_PACKETS = 54;
const VIDEO_PID = 0x100;
const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Exercises the path for about half a second. Whatever goes wrong is logged and does no harm. */
export async function warmUp(log: Log): Promise<void> {
  for (const ms of ROUNDS_MS) await exercise(ms, log);
}

async function exercise(ms: number, log: Log): Promise<void> {
  const relay = new Relay(DEFAULT_LIMITS, SILENT);
  const links = new Set<Socket>();
  const farEnds = await startFarEnds(links);
  try {
    const server = await startServer(relay, { ...DEFAULT_SERVER_OPTIONS, port: 0 }, SILENT);
    const { port } = farEnds.address() as AddressInfo;
    for (let i = 0; i < FEEDS; i++) {
      relay.setStream({ stream: `stream/${i}`, feeds: [`${i}`] });
      for (let k = 0; k < FAR_ENDS_EACH; k++) {
        const stream = k === 0 ? `stream/${i}` : `${i}`;
        relay.setDestination({ id: `${i}.${k}`, stream, destination: `ws://127.0.0.1:${port}/` });
      }
    }
    const uploads = Array.from({ length: FEEDS }, (_, i) => upload(server.port, `${i}`));
    const began = performance.now();
    for (let frame = 0; performance.now() - began < ms; frame++) {
      const bytes = makeFrame(frame, Math.floor((performance.now() - began) * 90));
      for (const socket of uploads) {
        socket.write(`${bytes.length.toString(16)}\r\n`);
        socket.write(bytes);
        socket.write('\r\n');
      }
      await nextTurn();
      await nextTurn();
    }
    // Cut, not closed: a closing handshake would be waited for.
    for (const socket of [...uploads, ...links]) socket.destroy();
    await Promise.all([server.close(), relay.close()]);
  } catch (error) {
    log.warn('warming up failed', { reason: (error as Error).message });
  } finally {
    farEnds.close();
    farEnds.closeAllConnections();
  }
}

/** A server that answers WebSocket handshakes (RFC 6455 §4.2.2) and throws away what comes then. */
function startFarEnds(links: Set<Socket>): Promise<Server> {
  const server = createServer();
  server.on('upgrade', (request, socket: Socket) => {
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on('error', () => undefined).resume();
    links.add(socket);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function upload(port: number, feed: string): Socket {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  socket.on('error', () => undefined).resume();
  socket.write(`POST /ts/${feed} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
  return socket;
}

const tables = new OutputTables();
tables.describe(VIDEO_PID, new Uint8Array(0), [{ pid: VIDEO_PID, streamType: 0x02, descriptors: new Uint8Array(0) }]);
let counter = 0;

/** Packets as ffmpeg sends a picture at `ticks` (90 kHz): tables now and then, PCR, PTS and DTS, stuffing at the end. */
function makeFrame(frame: number, ticks: number): Buffer {
  const isFirst = frame % 12 === 0;
  const head = frame % 3 === 0 ? tables.length : 0;
  const bytes = Buffer.alloc(head + FRAME_PACKETS * PACKET_BYTES, 0x55);
  if (head > 0) tables.write(bytes, 0);
  const last = bytes.length - PACKET_BYTES;
  for (let at = head; at <= last; at += PACKET_BYTES) {
    bytes.set([0x47, VIDEO_PID >> 8, VIDEO_PID & 0xff, 0x10 | (counter++ & 0x0f)], at);
    if (at === head) {
      bytes[at + 1]! |= 0x40; // payload_unit_start_indicator
      bytes[at + 3]! |= 0x20; // an adaptation field: random_access_indicator, PCR
      bytes.set([7, isFirst ? 0x50 : 0x10], at + 4);
      writePcr(bytes, at, ticks);
      bytes.set([0, 0, 1, 0xe0, 0, 0, 0x80, 0xc0, 10, 0x31, 0, 1, 0, 1, 0x11, 0, 1, 0, 1], at + 12); // PES, PTS and DTS
      writeTimestamp(bytes, at + 21, ticks + 63_000);
      writeTimestamp(bytes, at + 26, ticks + 59_400);
    } else if (at === last) {
      bytes[at + 3]! |= 0x20; // stuffing
      bytes.set([20, 0], at + 4);
    }
  }
  return bytes;
}
