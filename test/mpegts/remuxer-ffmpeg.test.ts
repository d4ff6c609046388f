import { expect } from 'chai';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { TICK_MS } from '../../src/mpegts/psi/repeat-schedule.js';
import { Remuxer, type RemuxInput } from '../../src/mpegts/remux/remuxer.js';
import {
  delay,
  interleave,
  join188,
  messagesOf,
  picture,
  probe,
  sound,
  warnings,
  type Captured,
} from '../support/media/captures.js';
import { checkTs, type Sent } from '../support/mpegts/check-ts.js';

const BOTH: RemuxInput[] = [
  { feed: 'video0', select: 'all' },
  { feed: 'audio0', select: 'all' },
];

/** Pushes messages in order and collects the output. */
function run(remuxer: Remuxer, messages: readonly (Captured & { feed: string })[], sent: Sent[] = []): Sent[] {
  let tickAtMs = messages[0]!.atMs + TICK_MS;
  for (const { feed, data, begins, atMs } of messages) {
    for (; tickAtMs < atMs; tickAtMs += TICK_MS) {
      const out = remuxer.tick(tickAtMs);
      if (out) sent.push({ data: out, atMs: tickAtMs });
    }
    const out = remuxer.push(feed, { data, startsSource: begins }, atMs);
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
        const remuxer = new Remuxer('owned', START_TIMEOUTS);
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

  for (const [name, first, second] of [
    ['sound', 1400, 1000],
    ['the picture', 1000, 2700],
  ] as const) {
    it(`decodes without a warning when ${name} starts first and sources leave`, () => {
      const pictures = delay(messagesOf(picture('libx264 -preset ultrafast -tune zerolatency -g 25')), first);
      const sounds = delay(messagesOf(sound('aac -b:a 96k')), second);
      const frames = probe(join188(sounds))[0]!.frames;
      const remuxer = new Remuxer('owned', START_TIMEOUTS);
      const sent: Sent[] = [];
      remuxer.setInputs(BOTH, 900);
      const ends = [pictures, sounds].map((messages) => messages.at(-1)!.atMs + 50);
      const messages = interleave({ video0: pictures, audio0: sounds });
      const done = [false, false];
      for (const message of messages) {
        ends.forEach((atMs, i) => {
          if (done[i] || atMs > message.atMs) return;
          done[i] = true;
          const out = remuxer.endSource(i === 0 ? 'video0' : 'audio0', atMs);
          if (out) sent.push({ data: out, atMs });
        });
        run(remuxer, [message], sent);
      }
      expect(checkTs(sent, { pcrMs: 260 }).errors).to.deep.equal([]);
      const found = probe(join188(sent));
      expect(found.find(({ codec }) => codec === 'h264')?.frames).to.equal(125);
      expect(found.find(({ codec }) => codec === 'aac')?.frames).to.equal(frames);
      expect(warnings(join188(sent))).to.equal('');
    });
  }

  it('continues when ffmpeg is restarted three times', () => {
    const more = ['-output_ts_offset', '95441']; // the wrap is at 95443.7 s
    const sounds = messagesOf(sound('aac -b:a 96k'));
    const remuxer = new Remuxer('owned', START_TIMEOUTS);
    remuxer.setInputs(BOTH, 900);
    const all: (Captured & { feed: string })[] = [];
    const again = messagesOf(picture('libx264 -preset ultrafast -tune zerolatency -g 25', ...more));
    for (let i = 0; i < 4; i++) {
      all.push(...interleave({ video0: delay(again, 1000 + i * 6500) }));
      all.push(...interleave({ audio0: delay(sounds, 1300 + i * 6100) }));
    }
    const sent = run(
      remuxer,
      all.sort((a, b) => a.atMs - b.atMs),
    );
    // After a restart, audio waits for its second unit: the first may arrive after its time.
    const { errors } = checkTs(sent, { pcrMs: 900 });
    expect(errors.filter((error) => !/ is -[\d.]+ ms after the PCR/.test(error))).to.deep.equal([]);
    expect(remuxer.timing.lateUnits).to.be.at.most(3);
    const found = probe(join188(sent));
    expect(found.map(({ frames }) => frames)).to.deep.equal([500, probe(join188(sounds))[0]!.frames * 4]);
    expect(warnings(join188(sent))).to.equal('');
  });
});
