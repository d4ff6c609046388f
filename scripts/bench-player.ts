// `npm run bench:player`: how long the page takes to its first picture, and how old the pictures are that it shows. A
// camera of ours draws the time into each picture as blocks; the page is read back. The delay is the whole path: ffmpeg's
// encoder, the relay, the endpoint where there is one, the browser. Prints, asserts nothing. GOP=25: pictures from one keyframe to the next.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openBrowser, PlayerPage } from '../test/support/browser/browser.js';
import { afterTest, closeAll } from '../test/support/cleanup.js';
import { quantile } from '../test/support/load/load.js';
import { Program } from '../test/support/programs/program.js';

const [WIDTH, HEIGHT, RATE] = [640, 480, 25];
const SECONDS = 10;
const OPENINGS = 8;
const gop = process.env.GOP ?? '12';

const ENCODERS = {
  mpeg1video: ['-codec:v', 'mpeg1video', '-b:v', '2000k'],
  h264: ['-codec:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-b:v', '2000k'],
} as const;

/** One picture: 24 bits of the time in milliseconds and 8 of their complemented sum, as 8 by 4 blocks of grey. */
function drawClock(now: number): Buffer {
  const time = now & 0xffffff;
  const sum = 255 - ((time + (time >> 8) + (time >> 16)) & 0xff);
  const picture = Buffer.alloc(WIDTH * HEIGHT);
  const line = Buffer.alloc(WIDTH);
  for (let row = 0; row < 4; row++) {
    const bits = row < 3 ? time >> (16 - 8 * row) : sum;
    for (let column = 0; column < 8; column++) {
      const from = (column * WIDTH) / 8;
      line.fill((bits >> (7 - column)) & 1 ? 0xeb : 0x10, from, from + WIDTH / 8);
    }
    for (let y = (row * HEIGHT) / 4; y < ((row + 1) * HEIGHT) / 4; y++) line.copy(picture, y * WIDTH);
  }
  return picture;
}

/** A camera that shows the time. */
function startClock(codec: keyof typeof ENCODERS, url: string): void {
  const format = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'gray',
    '-video_size',
    `${WIDTH}x${HEIGHT}`,
    '-framerate',
    String(RATE),
  ];
  const input = ['-fflags', 'nobuffer', '-probesize', '32', '-analyzeduration', '0', ...format, '-i', 'pipe:0'];
  const output = [...ENCODERS[codec], '-g', gop, '-bf', '0', '-threads', '1', '-f', 'mpegts', url];
  const child = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', ...input, ...output], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.on('error', () => undefined); // it was ended
  const began = performance.now();
  let drawn = 0;
  const timer = setInterval(() => {
    for (; (drawn * 1000) / RATE <= performance.now() - began; drawn++) child.stdin.write(drawClock(Date.now()));
  }, 2);
  afterTest(async () => {
    clearInterval(timer);
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
}

/** Where the browser watches: at the relay, or at an endpoint of ours that the relay sends to. */
const PLACES = {
  'vw stream': (vw: Program) => Promise.resolve(`${vw.url}/play/video0`),
  'vw stream → vw serve': async (vw: Program) => {
    const endpoint = await Program.serve();
    await vw.connect('video0', `ws://127.0.0.1:${endpoint.port}/in/video0`, '0');
    return `${endpoint.url}/play/video0`;
  },
} as const;

async function measure(codec: keyof typeof ENCODERS, place: keyof typeof PLACES): Promise<void> {
  const vw = await Program.stream();
  startClock(codec, `${vw.url}/ts/video0`);
  const url = await PLACES[place](vw);
  const context = await openBrowser();
  const firsts: number[] = [];
  for (let i = 0; i < OPENINGS; i++) {
    const { page } = await PlayerPage.open(context, url);
    firsts.push(await page.evaluate<number>('witness.firstPicture()'));
    if (i < OPENINGS - 1) await page.close();
  }
  const page = context.pages().at(-1)!;
  await page.evaluate('witness.ages(5000)'); // settles
  const ages = await page.evaluate<number[]>(`witness.ages(${SECONDS * 1000})`);
  const shown = (values: readonly number[], share: number) => quantile(values, share).toFixed(0);
  console.log(`${place}: ${codec}, ${WIDTH}x${HEIGHT}, ${RATE} pictures a second, a keyframe every ${gop}:`);
  console.log(
    `  first picture after ${shown(firsts, 0.5)} ms (median of ${OPENINGS}; the first opening, nothing cached, ` +
      `${firsts[0]!.toFixed(0)} ms; the slowest ${shown(firsts, 1)} ms)`,
  );
  console.log(
    `  delay from camera to screen p50 ${shown(ages, 0.5)} ms, p95 ${shown(ages, 0.95)} ms; ` +
      `${ages.length} pictures of ${SECONDS * RATE} seen`,
  );
  await closeAll();
}

for (const place of Object.keys(PLACES) as (keyof typeof PLACES)[]) {
  for (const codec of ['mpeg1video', 'h264'] as const) await measure(codec, place);
}
