import { expect } from 'chai';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { TICK_MS } from '../../src/mpegts/psi/repeat-schedule.js';
import { Remuxer, type RemuxInput } from '../../src/mpegts/remux/remuxer.js';
import {
  capture,
  delay,
  interleave,
  join188,
  messagesOf,
  picture,
  probe,
  sound,
  warnings,
} from '../support/media/captures.js';
import { checkTs, type Sent } from '../support/mpegts/check-ts.js';
import { inOrder, source, tablesOf, type SourceMessage } from '../support/mpegts/synthetic.js';

const BOTH: RemuxInput[] = [
  { feed: 'video0', select: 'all' },
  { feed: 'audio0', select: 'all' },
];
const MUTED: RemuxInput[] = [
  { feed: 'video0', select: 'other-than-audio' },
  { feed: 'audio0', select: 'other-than-audio' },
];

type Step = (remuxer: Remuxer, atMs: number) => (Uint8Array | null)[] | Uint8Array | null;

/** Pushes messages; runs `step` before each. */
function run(
  messages: Iterable<{ feed: string; data: Uint8Array; begins: boolean; atMs: number }>,
  inputs: RemuxInput[],
  step: Step = () => null,
): { sent: Sent[]; remuxer: Remuxer } {
  const remuxer = new Remuxer('owned', START_TIMEOUTS);
  const sent: Sent[] = [];
  const add = (data: Uint8Array | null, atMs: number): void => {
    if (data) sent.push({ data, atMs });
  };
  add(remuxer.setInputs(inputs, 0), 0);
  let tickAtMs = NaN;
  for (const { feed, data, begins, atMs } of messages) {
    if (Number.isNaN(tickAtMs)) tickAtMs = atMs + TICK_MS;
    for (; tickAtMs < atMs; tickAtMs += TICK_MS) add(remuxer.tick(tickAtMs), tickAtMs);
    for (const made of [step(remuxer, atMs)].flat()) add(made, atMs);
    add(remuxer.push(feed, { data, startsSource: begins }, atMs), atMs);
  }
  return { sent, remuxer };
}

/** The payloads of a PID, concatenated, with the timestamps of PES headers blanked. */
function payloadsOf(data: Uint8Array, wanted: number): string[] {
  const found: string[] = [];
  for (let at = 0; at < data.length; at += 188) {
    const pid = ((data[at + 1]! & 31) << 8) | data[at + 2]!;
    if (pid !== wanted || !(data[at + 3]! & 16)) continue;
    const from = data[at + 3]! & 32 ? at + 5 + data[at + 4]! : at + 4;
    const payload = Buffer.from(data.subarray(from, at + 188));
    if (data[at + 1]! & 64) payload.fill(0, 9, 9 + payload[8]!);
    found.push(payload.toString('base64'));
  }
  return found;
}

describe('Remuxer: changes in place', function () {
  this.timeout(60_000);

  const pictures = (): ReturnType<typeof messagesOf> => delay(messagesOf(picture('mpeg1video -b:v 2M -bf 0')), 1000);
  const sounds = (): ReturnType<typeof messagesOf> => delay(messagesOf(sound('mp2 -b:a 128k')), 1000);

  it('mutes and unmutes 40 times without an effect on the video', () => {
    const video = pictures();
    let toggles = 0;
    let muted = false;
    const forbidden: number[] = [];
    const { sent, remuxer } = run(interleave({ video0: video, audio0: sounds() }), BOTH, (r, atMs) => {
      if (atMs < 1500 + toggles * 80 || toggles >= 40) return null;
      toggles++;
      muted = toggles % 2 === 1;
      const tables = r.setInputs(muted ? MUTED : BOTH, atMs);
      expect(tables, 'tables at once').to.be.instanceOf(Uint8Array);
      forbidden.push(muted ? atMs : -atMs);
      return tables;
    });
    expect(toggles).to.equal(40);
    const checked = checkTs(sent, { pcrMs: 141 });
    expect(checked.errors).to.deep.equal([]);
    expect([...checked.tracks.keys()]).to.deep.equal([0x100, 0x101]);
    expect(checked.versions).to.have.length(42); // video, then audio too, then 40 changes
    expect(payloadsOf(join188(sent), 0x100)).to.deep.equal(payloadsOf(join188(video), 0x100));
    for (const { atMs } of checked.tracks.get(0x101)!.units) {
      const last = forbidden.findLast((at) => Math.abs(at) <= atMs) ?? -1;
      expect(last, `sound at ${atMs}`).to.be.lessThan(0);
    }
    expect(remuxer.program.tracks.map(({ pid }) => pid)).to.deep.equal([0x100, 0x101]);
    expect(warnings(join188(sent))).to.not.match(/corrupt|Continuity|invalid/i);
  });

  it('does nothing for equal inputs', () => {
    const remuxer = new Remuxer('owned', START_TIMEOUTS);
    remuxer.setInputs(BOTH, 0);
    expect(remuxer.setInputs([...BOTH.map((each) => ({ ...each, trimMs: 0 }))], 1)).to.equal(null);
  });

  it('continues the timeline when ffmpeg is restarted three times', () => {
    for (const feed of ['video0', 'audio0']) {
      const kind = feed === 'video0' ? ('video' as const) : ('audio' as const);
      const other = kind === 'video' ? 'audio0' : 'video0';
      const parts: Generator<SourceMessage>[] = [
        source({ feed: other, kind: kind === 'video' ? 'audio' : 'video', fromMs: 1000, lengthMs: 24_000, unitMs: 40 }),
      ];
      for (let i = 0; i < 4; i++) parts.push(source({ feed, kind, fromMs: 1200 + i * 6000, lengthMs: 5000 }));
      const { sent, remuxer } = run(inOrder(...parts), BOTH);
      const checked = checkTs(sent, { pcrMs: 141 });
      expect(checked.errors).to.deep.equal([]);
      expect(checked.tracks.size).to.equal(2);
      for (const clock of remuxer.clocks) expect(Math.abs(clock.errorMs) < 5).to.equal(true);
      expect(checked.versions).to.have.length.lessThan(3);
    }
  });

  it('signals another PCR_PID when a feed leaves, and the earlier one when it is back', () => {
    let gone = false;
    const { sent, remuxer } = run(
      inOrder(
        source({ feed: 'video0', kind: 'video', fromMs: 1000, lengthMs: 4000 }),
        source({ feed: 'audio0', kind: 'audio', fromMs: 1000, lengthMs: 14_000, unitMs: 100 }),
        source({ feed: 'video0', kind: 'video', fromMs: 9000, lengthMs: 4000 }),
      ),
      BOTH,
      (r, atMs) => {
        if (gone || atMs < 5500) return null;
        gone = true;
        const tables = r.endSource('video0', atMs);
        expect(r.program.pcrPid).to.equal(0x101);
        expect(r.program.tracks).to.have.length(1);
        return tables;
      },
    );
    expect(checkTs(sent, { pcrMs: 141 }).errors).to.deep.equal([]);
    expect(remuxer.program.pcrPid).to.equal(0x100);
    expect(remuxer.program.version).to.be.greaterThan(1);
  });

  it('sends a replaced video feed until the other one has a random access point', () => {
    let changed = false;
    const { sent, remuxer } = run(
      inOrder(
        source({ feed: 'big', kind: 'video', fromMs: 1000, lengthMs: 8000, packets: 3 }),
        source({ feed: 'small', kind: 'video', fromMs: 1010, lengthMs: 8000, stamp: 5_000_000 }),
        source({ feed: 'audio0', kind: 'audio', fromMs: 1000, lengthMs: 8000, unitMs: 48 }),
      ),
      [
        { feed: 'big', select: 'all' },
        { feed: 'audio0', select: 'all' },
      ],
      (r, atMs) => {
        if (changed || atMs < 3300) return null;
        changed = true;
        const inputs = [{ feed: 'small', select: 'all' as const, tables: tablesOf([{ pid: 0x100, type: 2 }], 0x100) }];
        const tables = r.setInputs([...inputs, { feed: 'audio0', select: 'all' }], atMs);
        expect(tables, 'nothing changes yet').to.equal(null);
        expect(r.feeds).to.have.members(['big', 'small', 'audio0']);
        return tables;
      },
    );
    const checked = checkTs(sent, { pcrMs: 141 });
    expect(checked.errors).to.deep.equal([]);
    expect(remuxer.feeds).to.have.members(['small', 'audio0']);
    const big = checked.tracks.get(0x100)!.units;
    const small = checked.tracks.get(0x102)!.units;
    expect(small[0]!.access).to.equal(true);
    expect(small[0]!.streamId).to.equal(0xe0);
    expect(small[0]!.atMs).to.equal(4010);
    expect(big.at(-1)!.atMs).to.equal(4000);
  });

  it('waits at most 2 s for it', () => {
    let changed = false;
    const { sent, remuxer } = run(
      source({ feed: 'big', kind: 'video', fromMs: 1000, lengthMs: 8000 }),
      [{ feed: 'big', select: 'all' }],
      (r, atMs) => {
        if (changed || atMs < 3300) return null;
        changed = true;
        return r.setInputs([{ feed: 'small', select: 'all' }], atMs);
      },
    );
    const checked = checkTs(sent);
    expect(checked.errors.filter((error) => !error.includes('PMT'))).to.deep.equal([]);
    expect(checked.tracks.get(0x100)!.units.at(-1)!.atMs).to.be.within(5200, 5320);
    expect(remuxer.feeds).to.deep.equal(['small']);
  });

  it('removes the audio of a camera that has both, and sends a PCR if only audio is selected', () => {
    const args = ['-f', 'lavfi', '-i', 'testsrc=s=320x240:r=25:d=5', '-f', 'lavfi', '-i', 'sine=f=440:d=5'];
    const both = messagesOf(capture(...args, '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-c:a', 'aac'));
    const messages = delay(both, 1000).map((message) => ({ ...message, feed: 'cam' }));
    for (const [select, kind] of [
      ['video', 'h264'],
      ['other-than-audio', 'h264'],
      ['audio', 'aac'],
    ] as const) {
      const { sent } = run(messages, [{ feed: 'cam', select }]);
      expect(checkTs(sent, { pcrMs: 141 }).errors).to.deep.equal([]);
      expect(probe(join188(sent)).map(({ codec }) => codec)).to.deep.equal([kind]);
      expect(warnings(join188(sent))).to.equal('');
    }
    const whole = run(messages, [{ feed: 'cam', select: 'all' }]);
    expect(checkTs(whole.sent, { pcrMs: 141 }).errors).to.deep.equal([]);
    expect(probe(join188(whole.sent)).map(({ frames }) => frames)[0]).to.equal(125);
    expect(warnings(join188(whole.sent))).to.equal('');
  });

  it('sends nothing when the last feed leaves, and continues when it is back', () => {
    const remuxer = new Remuxer('owned', START_TIMEOUTS);
    remuxer.setInputs([{ feed: 'video0', select: 'all' }], 0);
    const sent: Sent[] = [];
    const part = (fromMs: number): void => {
      for (const { data, begins, atMs } of source({ feed: 'video0', kind: 'video', fromMs, lengthMs: 2000 })) {
        const out = remuxer.push('video0', { data, startsSource: begins }, atMs);
        if (out) sent.push({ data: out, atMs });
      }
    };
    part(1000);
    expect(remuxer.endSource('video0', 3100)).to.equal(null);
    expect(remuxer.tick(3200)).to.equal(null);
    expect(remuxer.program.tracks).to.deep.equal([]);
    part(8000);
    const { errors, versions } = checkTs(sent, { pcrMs: 6000 });
    expect(errors.filter((error) => !error.includes('PCR'))).to.deep.equal([]);
    expect(versions).to.deep.equal([0]);
  });
});
