// Everybody who comes late to a source that sends its parameter sets once, through the whole of vw stream and vw serve: what
// they get decodes from its first picture on.

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { capture, picture } from '../support/media/captures.js';
import { openBrowser, PlayerPage } from '../support/browser/browser.js';
import { afterTest } from '../support/cleanup.js';
import { scratch } from '../support/media/ffmpeg.js';
import { Program } from '../support/programs/program.js';
import { withSetsOnce } from '../support/media/sets-once.js';
import { RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

const run = promisify(execFile);
const PID = 0x100;
const CODECS = {
  h264: [0x1b, 'libx264 -preset ultrafast -g 25 -sc_threshold 0'],
  hevc: [0x24, 'libx265 -preset ultrafast -x265-params log-level=none:keyint=25:scenecut=0'],
  mpeg2: [0x02, 'mpeg2video -g 25 -sc_threshold 1000000000'],
} as const;

/** Sends `bytes` in so many seconds. */
function upload(vw: Program, feed: string, bytes: Buffer, seconds: number): void {
  const body = RawUpload.begin(vw.port, feed);
  const beganMs = performance.now();
  const rate = bytes.length / (seconds * 1000);
  let at = 0;
  const timer = setInterval(() => {
    const to = Math.floor(((performance.now() - beganMs) * rate) / 188) * 188;
    const end = Math.min(to, bytes.length);
    if (end > at) body.chunk(bytes.subarray(at, end));
    at = end;
    if (at === bytes.length) clearInterval(timer);
  }, 20);
  afterTest(() => clearInterval(timer));
}

/** What `url` answers, or sends as a WebSocket, from now on. */
function read(url: string): Buffer[] {
  const got: Buffer[] = [];
  if (url.startsWith('ws:')) {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on('message', (data: Buffer) => got.push(data)).on('error', () => undefined);
    afterTest(() => socket.terminate());
  } else {
    const request = get(url, { agent: false }, (answer) => {
      answer.on('data', (data: Buffer) => got.push(data)).on('error', () => undefined);
    });
    request.on('error', () => undefined);
    afterTest(() => request.destroy());
  }
  return got;
}

/** What ffmpeg complains of, whether the first picture is a keyframe with a time, and how many pictures there are. */
async function decode(bytes: Buffer, name: string) {
  const file = join(scratch(), `${name.replace(/\W/g, '-')}.ts`);
  writeFileSync(file, bytes);
  const args = ['-v', 'error', '-select_streams', 'v', '-show_entries', 'frame=key_frame,pts', '-of', 'csv=p=0', file];
  const { stdout, stderr } = await run('ffprobe', args);
  const pictures = stdout.split('\n').filter((line) => /^[01],/.test(line)); // and what is beside them in lines of its own
  return { complaints: stderr, startsWithKey: /^1,\d/.test(pictures[0] ?? ''), pictures: pictures.length };
}

/** One source through `vw` and on to `serve`, and what its readers got. */
async function readLate(vw: Program, serve: Program, feed: string, bytes: Buffer): Promise<Map<string, Buffer[]>> {
  const [early, late] = [`stream/${feed}`, `stream/late-${feed}`];
  const far = `ws://127.0.0.1:${serve.port}`;
  await vw.api('POST', '/api/streams', { stream: early, feeds: [feed] });
  const first = read(`${vw.url}/ts/${feed}`);
  await until('it is read', async () => ((await vw.stats()).feeds[feed]?.subscribers ?? 0) > 1); // by the stream, too
  upload(vw, feed, bytes, 5);
  const sent = async () => (await vw.stats()).feeds[feed]!.bytes / bytes.length;
  await until('its second second comes', async () => (await sent()) > 0.3);

  const readers = new Map<string, Buffer[]>();
  await vw.api('POST', '/api/streams', { stream: late, feeds: [feed] });
  const topics = [feed, early, late].map((name) => ({ name, topic: name.replace('/', '-') }));
  for (const { name, topic } of topics) {
    readers.set(`${name}, by HTTP`, read(`${vw.url}/ts/${name}`));
    readers.set(`${name}, by a late link`, read(`${far}/out/${topic}`));
    await vw.connect(name, `${far}/in/${topic}`, topic);
  }
  readers.set(`${feed}, by WebSocket`, read(`${vw.url.replace('http', 'ws')}/ws/${feed}`));
  await until('more than half of it has come', async () => (await sent()) > 0.55);
  for (const { name, topic } of topics) readers.set(`${name}, late at the endpoint`, read(`${far}/out/${topic}`));
  await until('all of it has come', async () => (await sent()) >= 1);
  await until('all get something', () => [...readers.values()].every((got) => got.length > 0));
  const got = Buffer.concat(first);
  expect(got.equals(bytes.subarray(0, got.length)), 'who was there from the start gets what came').to.be.true;
  return readers;
}

describe('late readers of a source that sends its parameter sets once', function () {
  this.timeout(60_000);

  it('get pictures that decode from the first on: H.264, HEVC and MPEG-2 video', async () => {
    const [vw, serve] = await Promise.all([Program.stream(), Program.serve({ VW_SERVE_OPEN: 'true' })]);
    const sources = Object.entries(CODECS).map(([feed, [type, args]]) => {
      return [feed, withSetsOnce(picture(args), PID, type)] as const;
    });
    const all = await Promise.all(sources.map(([feed, bytes]) => readLate(vw, serve, feed, bytes)));
    for (const readers of all) {
      for (const [who, got] of readers) {
        const { pictures, ...how } = await decode(Buffer.concat(got), who);
        expect(how, who).to.deep.equal({ complaints: '', startsWithKey: true });
        expect(pictures, who).to.be.within(20, 110);
      }
    }
  });

  it('see them on the page, which was opened late', async () => {
    const [type, args] = CODECS.h264;
    const source = [
      '-f',
      'lavfi',
      '-i',
      'testsrc2=s=320x240:r=25:d=20',
      '-c:v',
      ...args.split(' '),
      '-pix_fmt',
      'yuv420p',
    ];
    const bytes = withSetsOnce(capture(...source, '-threads', '1'), PID, type);
    const [vw, browser] = await Promise.all([Program.stream(), openBrowser()]);
    upload(vw, 'cam', bytes, 20);
    await vw.api('POST', '/api/streams', { stream: 'stream/cam', feeds: ['cam'] });
    await until('two seconds have come', async () => ((await vw.stats()).feeds.cam?.randomAccessPoints ?? 0) > 2);
    for (const name of ['cam', 'stream/cam']) {
      const one = await PlayerPage.open(browser, `${vw.url}/play/${name}`);
      await one.isIn('playing');
      await one.moves(10);
      expect(one.complaints).to.deep.equal([]);
      await one.page.close();
    }
  });
});
