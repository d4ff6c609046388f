// A relay server for trials: accepts WebSockets on 127.0.0.1 and writes the messages of one link at a time to stdout,
// for ffplay or a file. For trials only: it has no access control.
//
//   node scripts/endpoint.mjs 9001 | ffplay -fflags nobuffer -i -

import { WebSocketServer } from 'ws';

const port = Number(process.argv[2]);
if (process.argv.length !== 3 || !Number.isInteger(port) || port < 0 || port > 65535) {
  process.stderr.write('usage: node scripts/endpoint.mjs PORT | ffplay -fflags nobuffer -i -\n');
  process.exit(2);
}

const server = new WebSocketServer({ host: '127.0.0.1', port, perMessageDeflate: false });
server.on('error', (error) => {
  process.stderr.write(`endpoint: cannot listen on port ${port}: ${error.message}\n`);
  process.exit(1);
});
server.on('listening', () => process.stderr.write(`endpoint: ws://127.0.0.1:${server.address().port}/ is listening\n`));
let shown = null; // the link whose messages go to stdout: two streams mixed are a picture of neither
server.on('connection', (socket, request) => {
  const path = request.url;
  shown ??= socket;
  const isShown = socket === shown;
  const fate = isShown
    ? ''
    : ', and is not written: another link is; give it a relay server of its own, on another port';
  process.stderr.write(`endpoint: a link came to ${path}${fate}\n`);
  let bytes = 0;
  socket.on('message', (data) => {
    bytes += data.length;
    if (!isShown) return;
    // The player is slower than the stream: read no more than it does.
    if (!process.stdout.write(data)) {
      socket.pause();
      process.stdout.once('drain', () => socket.resume());
    }
  });
  socket.on('error', () => undefined); // told by 'close'
  socket.on('close', (code) => {
    if (isShown) shown = null; // the next that comes is written
    process.stderr.write(`endpoint: the link to ${path} closed (${code}) after ${bytes} bytes\n`);
  });
});
process.stdout.on('error', () => process.exit(0)); // the player was closed
