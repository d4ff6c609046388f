// A far end to try things with: takes WebSockets on 127.0.0.1 and writes what they bring to stdout, for ffplay or a
// file. For trials only: it asks nobody who they are.
//
//   node scripts/far-end.mjs 9001 | ffplay -fflags nobuffer -i -

import { WebSocketServer } from 'ws';

const port = Number(process.argv[2]);
if (process.argv.length !== 3 || !Number.isInteger(port) || port < 0 || port > 65535) {
  process.stderr.write('usage: node scripts/far-end.mjs PORT | ffplay -fflags nobuffer -i -\n');
  process.exit(2);
}

const server = new WebSocketServer({ host: '127.0.0.1', port, perMessageDeflate: false });
server.on('error', (error) => {
  process.stderr.write(`far-end: cannot listen on port ${port}: ${error.message}\n`);
  process.exit(1);
});
server.on('listening', () => process.stderr.write(`far-end: ws://127.0.0.1:${server.address().port}/ is listening\n`));
server.on('connection', (socket, request) => {
  process.stderr.write(`far-end: a link came to ${request.url}\n`);
  let bytes = 0;
  socket.on('message', (data) => {
    bytes += data.length;
    // The player is slower than the picture: do not take more than it reads.
    if (!process.stdout.write(data)) {
      socket.pause();
      process.stdout.once('drain', () => socket.resume());
    }
  });
  socket.on('error', () => undefined); // told by 'close'
  socket.on('close', (code) => process.stderr.write(`far-end: that link closed (${code}) after ${bytes} bytes\n`));
});
process.stdout.on('error', () => process.exit(0)); // the player was closed
