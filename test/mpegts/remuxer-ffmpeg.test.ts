import { expect } from 'chai';
import { Remuxer, type RemuxInput } from '../../src/mpegts/remuxer.js';
import { delay, interleave, join188, messagesOf, picture, probe, sound, warnings, type Captured } from './captures.js';
import { checkTs, type Sent } from './check-ts.js';

const BOTH: RemuxInput[] = [
  { feed: 'video0', select: 'all' },
  { feed: 'audio0', select: 'all' },
];

/** Pushes messages in order and collects what comes out. */
function run(remuxer: Remuxer, messages: readonly (Captured & { feed: string })[], sent: Sent[] = []): Sent[] {
  let tickAtMs = messages[0]!.atMs + 100;
  for (const { feed, data, begins, atMs } of messages) {
    for (; tickAtMs < atMs; tickAtMs += 100) {
      const out = remuxer.tick(tickAtMs);
      if (out) sent.push({ data: out, atMs: tickAtMs });
    }
    const out = remuxer.push(feed, data, begins, atMs);
    if (out) sent.push({ data: out, atMs });
  }
  return sent;
}

const PAIRS = [
  { name: 'mpeg1video and mp2', video: 'mpeg1video -b:v 1M -bf 0', audio: 'mp2 -ar 44100 -b:a 128k' },
  { name: 'H.264 and AAC', video: 'libx264 -preset ultrafast -tune zerolatency -g 25', audio: 'aac -b:a 96k' },
  { name: 'H.264 with B pictures and AAC', video: 'libx264 -preset veryfast -g 25', audio: 'aac -b:a 96k' },
  { name: 'HEVC and Opus', video: 'libx265 -preset ultrafast -x265-params log-level=none:keyint=25', audio: 'libopus' },
  { name: 'MPEG-2 and AC-3', video: 'mpeg2video -b:v 1M', audio: 'ac3 -b:a 128k' },
];

describe('Remuxer with captures of real ffmpeg', function () {
  this.timeout(120_000);

  for (const { name, video, audio } of PAIRS) {
    for (const delayed of ['default', '0.001']) {
      it(`joins ${name}, muxdelay ${delayed}, so that every frame decodes`, () => {
        const more = delayed === 'default' ? [] : ['-muxdelay', delayed];
        const pictures = picture(video, ...more);
        const sounds = sound(audio, ...more);
        const before = probe(sounds)[0]!;
        const remuxer = new Remuxer();
        remuxer.setInputs(BOTH, 1000);
        const messages = interleave({
          video0: delay(messagesOf(pictures), 1000),
          audio0: delay(messagesOf(sounds), 1500),
        });
        const sent = run(remuxer, messages);
        const joined = join188(sent);
        expect(checkTs(sent, { pcrMs: 141, tablesMs: 100 }).errors).to.deep.equal([]);
        const found = probe(joined);
        expect(found.map(({ codec }) => codec)).to.deep.equal([probe(pictures)[0]!.codec, before.codec]);
        expect(found[0]!.frames).to.equal(125);
        expect(found[1]!.frames).to.equal(before.frames);
        expect(warnings(joined)).to.equal('');
      });
    }
  }
});
