// Viewers come at any moment, over WebSocket and over HTTP: each begins with tables and a picture.

import { type ChildProcess, spawn } from 'node:child_process';
import { get, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { probe, warnings } from '../support/media/captures.js';
import { afterTest, closeAll } from '../support/cleanup.js';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { CAMERA, CAMERA_WITH_SOUND, h264Camera, live, MICROPHONE } from '../support/media/live.js';
import { continuityErrors, packetsOf } from '../support/mpegts/packets-of.js';
import { TestRelay } from '../support/relay/relay.js';
import { pause, until } from '../support/wait.js';
import { seeded } from '../support/random.js';

/** What a viewer got, piece by piece as it came. */
interface Watched {
  readonly pieces: Buffer[];
  leave(): void;
}

function overWebSocket(vw: TestRelay, name: string): Watched {
  const pieces: Buffer[] = [];
  const socket = new WebSocket(vw.ws(name));
  socket.on('message', (data: Buffer) => pieces.push(data)).on('error', () => undefined);
  afterTest(() => socket.terminate());
  return { pieces, leave: () => socket.terminate() };
}

function overHttp(vw: TestRelay, name: string): Watched {
  const pieces: Buffer[] = [];
  const request = get(`${vw.url}/ts/${name}`, (response: IncomingMessage) => {
    expect(response.headers['content-type']).to.equal('video/mp2t');
    response.on('data', (data: Buffer) => pieces.push(data)).on('error', () => undefined);
  });
  request.on('error', () => undefined);
  afterTest(() => request.destroy());
  return { pieces, leave: () => request.destroy() };
}

const bytesOf = ({ pieces }: Watched) => Buffer.concat(pieces);
const pidOf = (packet: Buffer) => packet.readUInt16BE(1) & 0x1fff;
const startsUnit = (packet: Buffer) => (packet[1]! & 0x40) !== 0;

/** The bytes up to the end of the first picture, whose packets have this PID; `null` before it is whole. */
function firstPicture(bytes: Buffer, pid: number): Buffer | null {
  const packets = packetsOf(bytes);
  const starts = packets.flatMap((packet, i) => (pidOf(packet) === pid && startsUnit(packet) ? [i] : []));
  return starts.length < 2 ? null : bytes.subarray(0, starts[1]! * 188);
}

const RANDOM = seeded('moments of joining');

/** Waits for as many pieces more as come in about a second. */
async function moreCome({ pieces }: Watched): Promise<void> {
  const before = pieces.length;
  await until('more comes', () => pieces.length > before + 25);
}

/** Watches from a moment somewhere in the next eight seconds until live pictures have come, and says what came. */
async function joinSometime(watch: () => Watched, pid: number): Promise<Buffer> {
  await pause(RANDOM.number() * 8000);
  const watched = watch();
  await until('a picture has come', () => firstPicture(bytesOf(watched), pid));
  await moreCome(watched);
  watched.leave();
  return bytesOf(watched);
}

function check(bytes: Buffer, pid: number): void {
  const packets = packetsOf(bytes);
  expect(packets.slice(0, 3).map(pidOf), 'what comes first').to.deep.equal([0, 0x1000, pid]);
  expect(startsUnit(packets[2]!)).to.be.true;
  expect(continuityErrors(bytes)).to.deep.equal([]);
  for (const other of new Set(packets.map(pidOf))) {
    expect(startsUnit(packets.find((packet) => pidOf(packet) === other)!) || other === 0x1fff, `PID ${other}`).to.be
      .true;
  }
  expect(probe(firstPicture(bytes, pid)!)[0]!.frames, 'pictures of the first bytes').to.equal(1);
  expect(warnings(bytes)).to.equal('');
}

describe('a viewer who comes at any moment', () => {
  afterEach(closeAll);

  for (const [codec, args] of [
    ['MPEG-1 video', CAMERA_WITH_SOUND],
    ['H.264 with a random access point every four seconds', h264Camera(4, '320x240')],
  ] as const) {
    it(`begins with a picture of a feed: ${codec}`, async () => {
      const vw = await TestRelay.start();
      live(vw.url, 'cam', args, 20);
      await until('it runs', () => vw.relay.stats().feeds.cam?.randomAccessPoints);
      const ways = [() => overWebSocket(vw, 'cam'), () => overHttp(vw, 'cam')];
      const viewers = Array.from({ length: 50 }, (_, i) => joinSometime(ways[i % 2]!, 0x100));
      for (const bytes of await Promise.all(viewers)) check(bytes, 0x100);
      const left = () => vw.relay.stats().feeds.cam!.subscribers + vw.relay.stats().feeds.cam!.clients;
      await until('all are gone', () => left() === 0);
    }).timeout(60_000);
  }

  it('begins with a picture of a stream', async () => {
    const vw = await TestRelay.start();
    await vw.api('POST', '/api/streams', { stream: 'stream/room', feeds: ['video0', 'audio0'] });
    for (const [feed, args] of Object.entries({ video0: CAMERA, audio0: MICROPHONE })) live(vw.url, feed, args, 20);
    const tracks = () => vw.relay.stats().streams['stream/room']!.tracks;
    await until('both run', () => tracks().length === 2 && (vw.relay.cacheOf('stream/room')?.length ?? 0) > 0);
    const { pid } = tracks().find(({ kind }) => kind === 'video')!;
    const ways = [() => overWebSocket(vw, 'stream/room'), () => overHttp(vw, 'stream/room')];
    const viewers = Array.from({ length: 20 }, (_, i) => joinSometime(ways[i % 2]!, pid));
    for (const bytes of await Promise.all(viewers)) check(bytes, pid);
  }).timeout(60_000);

  it('gets no sound from before a mute', async () => {
    const vw = await TestRelay.start();
    live(vw.url, 'cam', CAMERA_WITH_SOUND, 8);
    await until('sound runs', () => (vw.relay.cacheOf('cam')?.length ?? 0) > 200_000);
    await vw.api('PUT', '/api/mutes/cam', { tracks: 'audio' });
    const watched = overHttp(vw, 'cam');
    await until('a picture has come', () => firstPicture(bytesOf(watched), 0x100));
    await moreCome(watched);
    expect(packetsOf(bytesOf(watched), 0x101)).to.have.length(0);
    expect(continuityErrors(bytesOf(watched))).to.deep.equal([]);
    expect(probe(firstPicture(bytesOf(watched), 0x100)!)[0]!.frames).to.equal(1);
  }).timeout(20_000);
});

describe('GET /ts', () => {
  afterEach(closeAll);

  it('answers 404 for what there is not, and says where the names are', async () => {
    const vw = await TestRelay.start();
    for (const name of ['nothing', 'stream/nothing']) {
      const { status, body } = await vw.api('GET', `/ts/${name}`);
      expect(status).to.equal(404);
      expect(JSON.stringify(body)).to.contain('/api/stats');
    }
  });

  it('waits for the camera of a stream that has a rule', async () => {
    const vw = await TestRelay.start();
    await vw.api('POST', '/api/streams', { stream: 'stream/room', feeds: ['video0'] });
    const watched = overHttp(vw, 'stream/room');
    await until('it is let in', () => vw.relay.stats().streams['stream/room']!.subscribers === 1);
    live(vw.url, 'video0', CAMERA, 3);
    await until('pictures come', () => bytesOf(watched).length > 100_000);
    expect(continuityErrors(bytesOf(watched))).to.deep.equal([]);
    expect(warnings(bytesOf(watched))).to.equal('');
  }).timeout(20_000);

  it('counts its viewers towards the limit, and answers HEAD', async () => {
    const vw = await TestRelay.start({ limits: { maxClients: 1 } });
    await vw.api('POST', '/api/streams', { stream: 'stream/room', feeds: [] });
    expect((await fetch(`${vw.url}/ts/stream/room`, { method: 'HEAD' })).headers.get('content-type')).to.equal(
      'video/mp2t',
    );
    const first = overHttp(vw, 'stream/room');
    await until('it is let in', () => vw.relay.stats().streams['stream/room']!.subscribers === 1);
    const { status, body } = await vw.api('GET', '/ts/stream/room');
    expect(status).to.equal(503);
    expect(body).to.include({ code: 'ERR_TOO_MANY_CLIENTS' });
    first.leave();
    await until('it has gone', () => vw.relay.stats().streams['stream/room']!.subscribers === 0);
    const next = overHttp(vw, 'stream/room');
    await until('the next is let in', () => vw.relay.stats().streams['stream/room']!.subscribers === 1);
    next.leave();
  });

  it('lets go of a viewer who does not read, and nobody else notices', async () => {
    const vw = await TestRelay.start({ limits: { highWaterBytes: 100_000, stuckAfterMs: 500 } });
    live(vw.url, 'cam', CAMERA, 12);
    await until('it runs', () => vw.relay.stats().feeds.cam?.randomAccessPoints);
    const watched = overHttp(vw, 'cam');
    const request = get(`${vw.url}/ts/cam`, (response) => response.pause());
    request.on('error', () => undefined);
    afterTest(() => request.destroy());
    await until('it is let in', () => vw.relay.stats().feeds.cam!.subscribers === 2);
    await until('it is let go', () => vw.relay.stats().feeds.cam!.subscribers === 1, 11_000);
    expect(continuityErrors(bytesOf(watched))).to.deep.equal([]);
  }).timeout(30_000);

  it('is played by ffplay', async () => {
    const vw = await TestRelay.start();
    live(vw.url, 'cam', h264Camera(4, '320x240'), 12);
    await until('it runs', () => vw.relay.stats().feeds.cam?.randomAccessPoints);
    const env = { ...process.env, SDL_VIDEODRIVER: 'dummy', SDL_AUDIODRIVER: 'dummy' };
    const args = ['-v', 'warning', '-stats', `${vw.url}/ts/cam`];
    const player: ChildProcess = spawn('ffplay', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    afterTest(() => player.kill('SIGKILL'));
    let said = '';
    player.stderr!.on('data', (text: Buffer) => (said += text.toString()));
    // Its status line: the time it shows, and how far sound and picture are apart.
    await until('it plays', () => /[1-9][0-9.]* A-V:/.test(said), 15_000);
    expect(said).to.not.match(/error|corrupt|invalid|non-existing|discontinuity/i);
  }).timeout(30_000);
});

describe('a link that opens while a camera runs', () => {
  afterEach(closeAll);

  it('begins with tables and a random access point, each time it is opened', async () => {
    const vw = await TestRelay.start();
    live(vw.url, 'cam', CAMERA_WITH_SOUND, 10);
    await until('it runs', () => vw.relay.stats().feeds.cam?.randomAccessPoints);
    const endpoint = await TestEndpoint.start();
    await vw.connect('cam', endpoint.url);
    for (let i = 0; i < 4; i++) {
      await until('pictures come', () => endpoint.messages.length > 15);
      check(endpoint.bytes, 0x100);
      endpoint.messages.length = 0;
      endpoint.breakOff();
    }
  }).timeout(30_000);
});
