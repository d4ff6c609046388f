// A mute of the sound on every way out of the relay, with real ffmpeg's codecs: as the feed is, in streams, from caches.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Sink } from '../../src/relay/feed/sink.js';
import type { Message } from '../../src/relay/message.js';
import { Relay } from '../../src/relay/relay.js';
import { closeAll } from '../support/cleanup.js';
import { ffmpeg, scratch } from '../support/media/ffmpeg.js';
import { continuityErrors, packetsOf } from '../support/mpegts/packets-of.js';
import { keptLog, QUICK } from '../support/relay/relay.js';
import { packet, patSection, pmtSection, sectionPackets } from '../support/mpegts/ts.js';
import { readFileSync } from 'node:fs';

const PICTURES = ['libx264', 'libx265', 'mpeg1video', 'mpeg2video', 'mpeg4', 'vc2', 'libaom-av1', 'mjpeg', 'jpeg2000'];
const SOUNDS = [
  ...['pcm_alaw', 'pcm_mulaw', 'flac', 'libvorbis', 'wmav2', 'libopus', 'ac3', 'eac3', 'dca', 's302m', 'aac', 'mp2'],
  ...['libmp3lame', 'truehd', 'pcm_s16be', 'g722', 'libspeex'],
];
const FIRST_PID = 0x100;
const PICTURE_PIDS = PICTURES.map((_, i) => FIRST_PID + i);
const SOUND_PIDS = SOUNDS.map((_, i) => FIRST_PID + PICTURES.length + i);
const PIECE = 188 * 50;

/** A second of every codec in one program. */
async function everyCodec(path: string, ...more: string[]): Promise<Buffer> {
  await ffmpeg([
    ...['-f', 'lavfi', '-i', 'testsrc=size=160x120:rate=25:duration=1'],
    ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=1'],
    ...PICTURES.flatMap((codec, i) => ['-map', '0:v', `-c:v:${i}`, codec]),
    ...SOUNDS.flatMap((codec, i) => ['-map', '1:a', `-c:a:${i}`, codec]),
    ...['-strict', '-2', '-g', '5', '-cpu-used', '8', '-x265-params', 'log-level=none', '-preset', 'ultrafast'],
    ...['-ac', '2', '-ar', '48000', `-ar:a:${SOUNDS.indexOf('libspeex')}`, '32000'],
    ...[`-ac:a:${SOUNDS.indexOf('g722')}`, '1', ...more, '-f', 'mpegts', path],
  ]);
  return readFileSync(path);
}

/** Receives what a feed or stream sends. */
class Receiver implements Sink {
  readonly pieces: Buffer[] = [];
  write(message: Message): void {
    this.pieces.push(Buffer.from(message.data));
  }
  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

/** Payload of a PID, packet by packet. */
function payloadOf(bytes: Buffer, pid: number): Buffer {
  return Buffer.concat(
    packetsOf(bytes, pid).map((one) => {
      if ((one[3]! & 0x10) === 0) return Buffer.alloc(0);
      return one.subarray((one[3]! & 0x20) === 0 ? 4 : 5 + one[4]!);
    }),
  );
}

/** What a player finds: tracks by codec, each with the hashes of its packets. */
function tracksIn(bytes: Buffer, folder: string): { type: string; codec: string; hashes: string[] }[] {
  const path = join(folder, 'found.ts');
  writeFileSync(path, bytes);
  const args = ['-v', 'error', '-show_streams', '-show_packets', '-show_data_hash', 'MD5', '-of', 'json', path];
  const { streams, packets } = JSON.parse(execFileSync('ffprobe', args, { encoding: 'utf8', maxBuffer: 1 << 28 })) as {
    streams: { index: number; codec_type: string; codec_name?: string }[];
    packets: { stream_index: number; data_hash: string }[];
  };
  return streams.map(({ index, codec_type: type, codec_name: codec = '?' }) => {
    const hashes = packets.filter((one) => one.stream_index === index).map(({ data_hash: hash }) => hash);
    return { type, codec, hashes };
  });
}

describe('a mute of the sound of a feed', () => {
  let relay: Relay;
  const receive = (name: string): Receiver => {
    const one = new Receiver();
    relay.subscribe(name, one);
    return one;
  };

  beforeEach(() => {
    relay = new Relay(QUICK, keptLog());
    relay.setStream({ stream: 'stream/all', feeds: ['cam'] });
    relay.setStream({ stream: 'stream/pictures', feeds: ['other#video'] });
  });

  afterEach(async () => {
    await relay.close();
    await closeAll();
  });

  const publish = (name: string, bytes: Buffer, then: (at: number) => void = () => undefined): void => {
    const source = relay.feed(name).open({ address: 'test', superseded: () => undefined });
    for (let at = 0; at < bytes.length; at += PIECE) {
      then(at);
      source.publish(bytes.subarray(at, at + PIECE));
    }
  };

  it('leaves nothing of seventeen codecs on any way out, and nine of pictures as they are', async () => {
    const folder = scratch();
    const bytes = await everyCodec(join(folder, 'every.ts'));
    for (const pid of SOUND_PIDS) expect(payloadOf(bytes, pid).length, `PID ${pid}`).to.be.greaterThan(1000);
    relay.setMute({ feed: 'cam', tracks: 'audio' });
    const ways = { feed: receive('cam'), stream: receive('stream/all'), part: receive('stream/pictures') };
    publish('cam', bytes);
    publish('other', bytes); // is not muted; its rule leaves the sound out
    for (const pid of PICTURE_PIDS) {
      expect(payloadOf(ways.feed.bytes, pid).equals(payloadOf(bytes, pid)), `PID ${pid}`).to.be.true;
    }
    const kept = Buffer.concat(
      relay
        .cacheOf('cam')!
        .join()!
        .blocks.map((piece) => Buffer.from(piece)),
    );
    for (const pid of SOUND_PIDS) {
      expect(payloadOf(ways.feed.bytes, pid).length, `PID ${pid}`).to.equal(0);
      expect(payloadOf(kept, pid).length, `PID ${pid} in the cache`).to.equal(0);
    }
    const all = tracksIn(bytes, folder).slice(0, PICTURES.length);
    for (const [way, { bytes: got }] of Object.entries(ways)) {
      expect(continuityErrors(got), way).to.deep.equal([]);
      // Dirac marks no random access point: a stream would wait two seconds before it sends one without.
      const sent = way === 'feed' ? all : all.filter(({ codec }) => codec !== 'dirac');
      const found = tracksIn(got, folder).filter(({ hashes }) => hashes.length > 0);
      expect(
        found.map(({ codec }) => codec),
        way,
      ).to.deep.equal(sent.map(({ codec }) => codec));
      found.forEach(({ hashes }, i) => expect(hashes, `${way} ${sent[i]!.codec}`).to.deep.equal(sent[i]!.hashes));
    }
    const { withheld } = relay.stats().feeds.cam!;
    expect(withheld.map(({ pid }) => pid)).to.deep.equal(SOUND_PIDS);
    const ofPart = relay.stats().streams['stream/pictures']!.withheld;
    expect(ofPart.map(({ feed, pid }) => [feed, pid])).to.deep.equal(SOUND_PIDS.map((pid) => ['other', pid]));
    expect(relay.stats().streams['stream/all']!.withheld, "the mute is the feed's").to.deep.equal([]);
    const flac = withheld[SOUNDS.indexOf('flac')]!;
    expect(flac).to.include({ streamType: 0x06, reason: 'nothing says that it is picture or data' });
    expect(flac.packets).to.be.greaterThan(10);
    expect(relay.stats().streams['stream/all']!.tracks.map(({ kind }) => kind)).to.deep.equal(
      PICTURES.map(() => 'video'),
    );
  }).timeout(60_000);

  it('holds from the middle of everything on, and gives all of it back', async () => {
    const folder = scratch();
    const bytes = await everyCodec(join(folder, 'every.ts'));
    const ways = [receive('cam'), receive('stream/all')];
    const counts: number[][] = [];
    const [muteAt, unmuteAt] = [0.3, 0.7].map((part) => PIECE * Math.floor((bytes.length / PIECE) * part));
    const soundsIn = (one: Receiver) => SOUND_PIDS.reduce((sum, pid) => sum + payloadOf(one.bytes, pid).length, 0);
    publish('cam', bytes, (at) => {
      if (at === muteAt) relay.setMute({ feed: 'all', tracks: 'audio' });
      if (at === muteAt || at === unmuteAt) counts.push([soundsIn(ways[0]!), ways[1]!.bytes.length]);
      if (at === unmuteAt) {
        expect(relay.stats().streams['stream/all']!.tracks).to.have.length(PICTURES.length);
        relay.deleteMute('all');
      }
    });
    expect(counts[0]![0]).to.be.greaterThan(0);
    expect(counts[1]![0], 'no sound while muted').to.equal(counts[0]![0]);
    expect(soundsIn(ways[0]!), 'it is back').to.be.greaterThan(counts[1]![0]!);
    for (const pid of PICTURE_PIDS) {
      expect(payloadOf(ways[0]!.bytes, pid).equals(payloadOf(bytes, pid)), `PID ${pid}`).to.be.true;
    }
    for (const one of ways) expect(continuityErrors(one.bytes)).to.deep.equal([]);
    expect(relay.stats().streams['stream/all']!.tracks).to.have.length(PICTURES.length + SOUNDS.length);
  }).timeout(60_000);
});

describe('a stream whose picture runs on until another takes its place', () => {
  it('has no text and no binary messages any more of the feed that its rule has dropped', async () => {
    const relay = new Relay(QUICK, keptLog());
    const received = new Receiver();
    const [PID, PMT] = [0x100, 0x1000];
    const source = relay.feed('cam').open({ address: 'test', superseded: () => undefined });
    relay.setStream({ stream: 'stream/x', feeds: ['cam'] });
    relay.subscribe('stream/x', received);
    const unit = (counter: number) => {
      const payload = Buffer.from([0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1]);
      return packet({ pid: PID, counter, startsUnit: true, randomAccess: true, payload });
    };
    const pmt = sectionPackets(PMT, pmtSection([{ streamType: 0x02, pid: PID }]));
    source.publish(Buffer.concat([sectionPackets(0, patSection(PMT)), pmt, unit(0)]));
    relay.setStream({ stream: 'stream/x', feeds: ['other'] });
    const before = received.pieces.length;
    for (const kind of ['text', 'binary'] as const) relay.feed('cam').publishOpaque(kind, Buffer.from('5.1'), null);
    expect(received.pieces).to.have.length(before);
    source.publish(unit(1));
    expect(received.pieces, 'its picture runs on').to.have.length(before + 1);
    await relay.close();
  });
});
