import { expect } from 'chai';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { TICK_MS } from '../../src/mpegts/psi/repeat-schedule.js';
import { Remuxer } from '../../src/mpegts/remux/remuxer.js';
import { checkTs, type Sent, type Unit } from '../support/mpegts/check-ts.js';
import { inOrder, source, type SourceMessage, type SourceOptions } from '../support/mpegts/synthetic.js';

interface Measured {
  readonly atMs: number;
  /** How much later audio is than video captured at the same time, ms; negative is earlier. */
  readonly lateMs: number;
}

const stampAt = (data: Uint8Array): number => {
  for (let at = 0; at < data.length; at += 188) {
    const pid = ((data[at + 1]! & 31) << 8) | data[at + 2]!;
    if (!(data[at + 1]! & 64) || pid < 0x100 || pid >= 0x1000) continue;
    const p = data[at + 3]! & 32 ? at + 5 + data[at + 4]! : at + 4;
    const b = (i: number): number => data[p + 9 + i]!;
    return (b(0) & 14) * 2 ** 29 + (b(1) << 22) + ((b(2) & 254) << 14) + (b(3) << 7) + (b(4) >> 1);
  }
  return NaN;
};

/** Runs sources through a Remuxer; returns the offset of audio from video, and the validator's errors. */
function measure(
  sources: Generator<SourceMessage>[],
  { check = true, trimMs = 0 } = {},
): { measured: Measured[]; errors: string[]; late: Unit[]; remuxer: Remuxer } {
  const remuxer = new Remuxer('owned', START_TIMEOUTS);
  const sent: Sent[] = [];
  const measured: Measured[] = [];
  remuxer.setInputs(
    ['video0', 'audio0'].map((feed) => ({ feed, select: 'all' as const, trimMs: feed === 'audio0' ? trimMs : 0 })),
    0,
  );
  let picture = NaN;
  let tickAtMs = 1000;
  for (const { feed, data, begins, atMs, capturedMs, kind } of inOrder(...sources)) {
    for (; tickAtMs < atMs; tickAtMs += TICK_MS) {
      const made = remuxer.tick(tickAtMs);
      if (made && check) sent.push({ data: made, atMs: tickAtMs });
    }
    const out = remuxer.push(feed, { data, startsSource: begins }, atMs);
    if (!out) continue;
    if (check) sent.push({ data: out, atMs });
    const stamp = stampAt(out);
    if (Number.isNaN(stamp)) continue;
    const offset = stamp / 90 - capturedMs;
    if (kind === 'video') picture = offset;
    else if (!Number.isNaN(picture)) {
      const apart = ((((offset - picture) * 90) % 2 ** 33) + 1.5 * 2 ** 33) % 2 ** 33;
      measured.push({ atMs, lateMs: (apart - 2 ** 32) / 90 });
    }
  }
  if (!check) return { measured, errors: [], late: [], remuxer };
  const { errors, tracks } = checkTs(sent, { pcrMs: 240 });
  // Units that arrive after their time are sent all the same, and counted.
  const late = [...tracks.values()].flatMap(({ units }) => units.filter(({ dts, pcr }) => dts < pcr));
  expect(late.length).to.equal(remuxer.timing.lateUnits);
  return { measured, errors: errors.filter((error) => !/ is -[\d.]+ ms after the PCR/.test(error)), late, remuxer };
}

const range = (measured: readonly Measured[], fromMs: number): [number, number] => {
  const late = measured.filter(({ atMs }) => atMs >= fromMs).map(({ lateMs }) => lateMs);
  return [Math.min(...late), Math.max(...late)];
};

function expectInTime(measured: readonly Measured[], fromMs: number): void {
  const [least, most] = range(measured, fromMs);
  expect(least, 'sound early').to.be.greaterThan(-40);
  expect(most, 'sound late').to.be.lessThan(60);
}

const video = (more: Partial<SourceOptions> = {}): Generator<SourceMessage> =>
  source({ feed: 'video0', kind: 'video', fromMs: 1000, lengthMs: 20_000, ...more });
const audio = (more: Partial<SourceOptions> = {}): Generator<SourceMessage> =>
  source({ feed: 'audio0', kind: 'audio', fromMs: 1000, lengthMs: 20_000, ...more });

/** The same sequence of delays each time: rarely long, often 0. */
const jitter = (mostMs: number, seed: number) => (unit: number) => {
  const x = Math.sin(unit * 12.9898 + seed) * 43758.5453;
  return (x - Math.floor(x)) ** 4 * mostMs;
};

describe('Remuxer: one clock', () => {
  for (const [pcrMs, unitMs] of [
    [700, 168],
    [700, 228],
    [0, 24],
  ] as const) {
    for (const [name, fromVideo, fromAudio] of [
      ['together', 1000, 1000],
      ['sound 3 s later', 1000, 4321],
      ['sound 3 s earlier', 4321, 1000],
    ] as const) {
      for (const [burst, videoBurst, audioBurst] of [
        ['no burst', 0, 0],
        ['a burst of pictures', 2000, 0],
        ['a burst of sound', 0, 2000],
        ['bursts of both', 2000, 2000],
      ] as const) {
        it(`aligns ${name}, ${burst}, PES of ${unitMs} ms, PCR ${pcrMs} ms before`, () => {
          const { measured, errors, late } = measure([
            video({ fromMs: fromVideo, burstMs: videoBurst, pcrMs, stamp: 126000 }),
            audio({ fromMs: fromAudio, burstMs: audioBurst, pcrMs, unitMs, stamp: 900000 }),
          ]);
          expectInTime(measured, Math.max(fromVideo + videoBurst, fromAudio + audioBurst) + 1000);
          expect(errors).to.deep.equal([]);
          // Data that was queued for 2 s keeps its own time, which is in the past.
          const bursts = [fromAudio + audioBurst + 2 * unitMs + 20, fromVideo + videoBurst + 5 * 40];
          const ends = bursts.filter((_, i) => [audioBurst, videoBurst][i]! > 0);
          for (const { atMs } of late) expect(atMs).to.be.at.most(Math.max(0, ...ends));
        });
      }
    }
  }

  it('is in time from the first audio unit on, when quiet audio in long PES packets starts after the video', () => {
    // Near silence in AAC at ffmpeg's default muxdelay: 370 ms a PES. Data queued up to `burstMs` arrives at once.
    for (const burstMs of [0, 2000, 2100, 2200]) {
      const low = audio({ fromMs: 4321, burstMs, unitMs: 370, lateMs: () => 30 });
      const { measured, errors, late } = measure([video(), low]);
      expectInTime(measured.slice(1), 0); // the first message holds several PES packets, and is measured by the last
      expect(errors).to.deep.equal([]);
      for (const { atMs } of late) expect(atMs, 'those that waited').to.be.at.most(4321 + burstMs + 3 * 370);
    }
  });

  for (const [name, heldMs] of [
    ["ffmpeg's, 32 kHz, three frames in the encoder", 96],
    ["a camera's, 48 kHz", 21],
  ] as const) {
    it(`aligns AAC, ${name}`, () => {
      const aac = audio({ fromMs: 4321, streamType: 0x0f, unitMs: 200, lateMs: () => heldMs - 20 });
      const { measured, errors } = measure([video(), aac]);
      expectInTime(measured.slice(1), 0);
      expect(errors).to.deep.equal([]);
    });
  }

  for (const unitMs of [24, 168, 370]) {
    for (const pcrMs of [700, 0]) {
      it(`loses no audio, ${unitMs} ms a PES, because of a burst of video with its PCR ${pcrMs} ms before`, () => {
        const pictures = video({ fromMs: 4321, burstMs: 2000, pcrMs });
        const { measured, errors, late, remuxer } = measure([pictures, audio({ unitMs, pcrMs, packets: 2 })]);
        const { heldUnits, jumps } = remuxer.timing;
        expect({ heldUnits, jumps }).to.deep.equal({ heldUnits: 0, jumps: 0 });
        // Video keeps its own intervals, and its time is in the past: that must not affect the audio.
        for (const { streamId, atMs } of late) expect([streamId, atMs]).to.deep.equal([0xe0, 6481]);
        expectInTime(measured, 6521);
        // The PCR stops during part of the burst.
        expect(errors.filter((error) => !/ is 10\d\d\.?\d* ms after the PCR/.test(error))).to.deep.equal([]);
      });
    }
  }

  for (const ppm of [100, -100]) {
    it(`follows a capture clock ${ppm} ppm off for half an hour, with jitter`, () => {
      const lengthMs = 1_800_000;
      for (const drifting of ['video0', 'audio0']) {
        const { measured, errors, remuxer } = measure(
          [
            video({ lengthMs, ppm: drifting === 'video0' ? ppm : 0, lateMs: jitter(80, 1) }),
            audio({ lengthMs, ppm: drifting === 'audio0' ? ppm : 0, lateMs: jitter(80, 2), unitMs: 100 }),
          ],
          { check: false },
        );
        expectInTime(measured, 4000);
        expect(errors).to.deep.equal([]);
        const found = remuxer.clocks.find(({ feed }) => feed === drifting)!.driftPpm;
        expect(found).to.be.closeTo(ppm, 60);
      }
    });
  }

  it('continues through the 33-bit wrap on either side', () => {
    for (const [first, second] of [
      [2 ** 33 - 450000, 1000],
      [1000, 2 ** 33 - 450000],
      [2 ** 33 - 450000, 2 ** 33 - 200000],
    ]) {
      const { measured, errors } = measure([video({ stamp: first! }), audio({ stamp: second! })]);
      expectInTime(measured, 2000);
      expect(errors).to.deep.equal([]);
    }
  });

  for (const [name, change] of [
    ['jumps back', { stamp: 90000 }],
    ['jumps ahead', { stamp: 90_000_000 }],
    ['jumps ahead by little', { stamp: 126000 + 8000 * 90 + 120_000 }],
  ] as const) {
    for (const jumping of ['video0', 'audio0']) {
      it(`continues when ${jumping} ${name}`, () => {
        const isVideo = jumping === 'video0';
        const before = isVideo ? video({ lengthMs: 8000 }) : audio({ lengthMs: 8000, unitMs: 100 });
        const after = isVideo
          ? video({ fromMs: 9000, lengthMs: 12_000, ...change })
          : audio({ fromMs: 9000, lengthMs: 12_000, unitMs: 100, ...change });
        const { measured, errors, remuxer } = measure([
          continued(before, 0),
          continued(after, isVideo ? 200 : 80),
          isVideo ? audio({ unitMs: 100 }) : video(),
        ]);
        expect(errors).to.deep.equal([]);
        expect(remuxer.timing.jumps).to.equal(1);
        expectInTime(measured, 12_000);
      });
    }
  }

  for (const stalling of ['video0', 'audio0']) {
    it(`continues when ${stalling} stalls for 5 s and then catches up`, () => {
      const stall = (unitMs: number) => (unit: number) => {
        const at = unit * unitMs;
        return at > 8000 && at < 13_000 ? 13_000 - at : 0;
      };
      const { measured, errors, late } = measure([
        video(stalling === 'video0' ? { lateMs: stall(40) } : {}),
        audio(stalling === 'audio0' ? { lateMs: stall(100), unitMs: 100 } : { unitMs: 100 }),
      ]);
      expect(errors).to.deep.equal([]);
      for (const { atMs } of late) expect(atMs, 'only what had waited').to.be.closeTo(14_060, 100);
      expectInTime(
        measured.filter(({ atMs }) => atMs < 9000 || atMs > 16_000),
        4000,
      );
    });

    it(`continues when ${stalling} is suspended for 5 s and stays late`, () => {
      const stop = (unitMs: number) => (unit: number) => (unit * unitMs > 8000 ? 5000 : 0);
      const { measured, errors, late, remuxer } = measure([
        video(stalling === 'video0' ? { lateMs: stop(40) } : {}),
        audio(stalling === 'audio0' ? { lateMs: stop(100), unitMs: 100 } : { unitMs: 100 }),
      ]);
      expect(errors).to.deep.equal([]);
      expect(remuxer.timing.jumps, 'lined up anew').to.equal(1);
      for (const { atMs } of late) expect(atMs, 'until that was seen').to.be.below(15_000);
      // Units captured later are in time again: audio that is 5 s late belongs to video of 5 s ago.
      const lateMs = stalling === 'audio0' ? 5000 : -5000;
      expectInTime(
        measured.map((one) => ({ ...one, lateMs: one.lateMs - lateMs })),
        16_000,
      );
    });
  }

  it("applies a feed's trim", () => {
    const at = (trimMs: number): number => {
      const { measured, errors } = measure([video(), audio({ unitMs: 24 })], { trimMs });
      expect(errors).to.deep.equal([]);
      return measured.at(-1)!.lateMs;
    };
    expect(at(-40) - at(0)).to.be.closeTo(-40, 1);
    expect(at(100) - at(0)).to.be.closeTo(100, 1);
    expect(at(400) - at(0)).to.be.closeTo(400, 1); // and DTS - PCR within 1 s
  });
});

/** A source that continues the counters of another, without signalling it. */
function* continued(messages: Generator<SourceMessage>, packets: number): Generator<SourceMessage> {
  for (const message of messages) {
    const data = Buffer.from(message.data);
    for (let at = 0; at < data.length; at += 188) {
      if (data[at + 1]! & 0x1f || data[at + 2]! > 0)
        data[at + 3] = (data[at + 3]! & 0xf0) | ((data[at + 3]! + packets) & 15);
    }
    yield { ...message, data, begins: message.begins && packets === 0 };
  }
}
