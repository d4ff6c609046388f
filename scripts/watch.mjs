// Plays a feed or stream of a vw to stdout, for ffplay or a file; ffmpeg's programs cannot open WebSockets themselves.
// With a token in VW_TOKEN it plays from a relay server that requires one.
//
//   node scripts/watch.mjs ws://127.0.0.1:8888/ws/video0 | ffplay -fflags nobuffer -i -
//   VW_TOKEN=... node scripts/watch.mjs wss://relay.example.org/out/video0 | ffplay -fflags nobuffer -i -

import { WebSocket } from 'ws';

const url = process.argv[2] ?? '';
const token = process.env.VW_TOKEN ?? '';
if (process.argv.length !== 3 || !/^wss?:\/\/.+\/(ws|out|bi)\/.+/.test(url)) {
  process.stderr.write('usage: node scripts/watch.mjs ws://127.0.0.1:8888/ws/video0 | ffplay -fflags nobuffer -i -\n');
  process.exit(2);
}

const socket = new WebSocket(url, { perMessageDeflate: false });
let isVerdict = token !== ''; // what comes first is the answer to the token
socket.on('open', () => {
  if (token !== '') socket.send(token);
});
socket.on('message', (data, isBinary) => {
  if (!isVerdict || isBinary) process.stdout.write(data);
  isVerdict = false;
});
socket.on('error', (error) => process.stderr.write(`watch: ${url}: ${error.message}\n`));
socket.on('close', (code, reason) => {
  const help = token === '' && /\btokens?\b/i.test(String(reason)) ? '; it requires a token: set VW_TOKEN=TOKEN' : '';
  process.stderr.write(`watch: closed (${code}) ${reason}${help}\n`);
  process.exitCode = code === 1000 || code === 1001 ? 0 : 1;
});
process.stdout.on('error', () => process.exit(0)); // the player was closed
