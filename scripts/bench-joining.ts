// `npm run bench:joining`: how long a viewer waits for the first picture, from the request to the picture's last byte.
// Viewers start at random times, over WebSocket and over HTTP. Prints, asserts nothing.

import { get } from 'node:http';
import { WebSocket } from 'ws';
import { closeAll } from '../test/support/cleanup.js';
import { CAMERA_WITH_SOUND, h264Camera, live } from '../test/support/media/live.js';
import { quantile } from '../test/support/load/load.js';
import { packetsOf } from '../test/support/mpegts/packets-of.js';
import { Program } from '../test/support/programs/program.js';
import { pause, until } from '../test/support/wait.js';

const VIEWERS = 50;
const SPREAD_MS = 12_000;
const VIDEO_PID = 0x100; // ffmpeg's first track

/** Takes what comes until two units of the video have begun: the first is whole then. Returns whether it was. */
function firstPicture(): (data: Buffer) => boolean {
  let units = 0;
  let rest = Buffer.alloc(0);
  return (data) => {
    const bytes = Buffer.concat([rest, data]);
    const whole = bytes.length - (bytes.length % 188);
    rest = bytes.subarray(whole);
    for (const packet of packetsOf(bytes.subarray(0, whole))) {
      if ((packet.readUInt16BE(1) & 0x5fff) === (0x4000 | VIDEO_PID)) units++;
    }
    return units > 1;
  };
}

function overWebSocket(vw: Program): Promise<number> {
  const began = performance.now();
  const isThere = firstPicture();
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${vw.port}/ws/cam`);
    socket.on('error', reject).on('message', (data: Buffer) => {
      if (!isThere(data)) return;
      resolve(performance.now() - began);
      socket.terminate();
    });
  });
}

function overHttp(vw: Program): Promise<number> {
  const began = performance.now();
  const isThere = firstPicture();
  return new Promise((resolve, reject) => {
    const request = get(`${vw.url}/ts/cam`, { agent: false }, (response) => {
      response
        .on('error', () => undefined)
        .on('data', (data: Buffer) => {
          if (!isThere(data)) return;
          resolve(performance.now() - began);
          request.destroy();
        });
    }).on('error', reject);
  });
}

for (const [codec, args] of [
  ['mpeg1video', CAMERA_WITH_SOUND],
  ['h264, a keyframe every 4 s', h264Camera(4)],
] as const) {
  const vw = await Program.stream();
  live(vw.url, 'cam', args, 60);
  await until('the camera runs', async () => ((await vw.stats()).feeds.cam?.randomAccessPoints ?? 0) > 1);
  for (const [way, join] of Object.entries({ '/ws': overWebSocket, 'GET /ts': overHttp })) {
    const waits = await Promise.all(
      Array.from({ length: VIEWERS }, async () => {
        await pause(Math.random() * SPREAD_MS);
        return join(vw);
      }),
    );
    const at = (share: number) => quantile(waits, share).toFixed(1);
    console.log(`${codec}, ${way}: first picture after p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, slowest ${at(1)} ms`);
  }
  await closeAll();
}
