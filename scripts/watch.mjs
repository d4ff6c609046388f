// Plays a feed or stream of a vw to stdout, for ffplay or a file; ffmpeg's programs cannot open WebSockets themselves.
//
//   node scripts/watch.mjs ws://127.0.0.1:8888/ws/video0 | ffplay -fflags nobuffer -i -

import { WebSocket } from 'ws';

const url = process.argv[2] ?? '';
if (process.argv.length !== 3 || !/^wss?:\/\/.+\/ws\/.+/.test(url)) {
  process.stderr.write('usage: node scripts/watch.mjs ws://127.0.0.1:8888/ws/video0 | ffplay -fflags nobuffer -i -\n');
  process.exit(2);
}

const socket = new WebSocket(url, { perMessageDeflate: false });
socket.on('message', (data) => process.stdout.write(data));
socket.on('error', (error) => process.stderr.write(`watch: ${url}: ${error.message}\n`));
socket.on('close', (code, reason) => {
  process.stderr.write(`watch: closed (${code}) ${reason}\n`);
  process.exitCode = code === 1000 || code === 1001 ? 0 : 1;
});
process.stdout.on('error', () => process.exit(0)); // the player was closed
