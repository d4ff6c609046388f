import { expect } from 'chai';
import fc from 'fast-check';
import { START_TIMEOUTS } from '../../../src/relay/delivery/access-timeouts.js';
import { Remuxer } from '../../../src/mpegts/remux/remuxer.js';
import { readTimestamp } from '../../../src/mpegts/packet/timestamp.js';
import { checkTs, type Sent } from '../../support/mpegts/check-ts.js';
import { inOrder, pesPackets, source, tablePacket, tablesOf } from '../../support/mpegts/synthetic.js';
import { VIDEO, AUDIO, one, bytes, picture, headersOf } from '../../support/mpegts/one-feed.js';

describe('Remuxer', () => {
  it('drops null packets, SDT, unknown PIDs and duplicates, and counts them', () => {
    const { remuxer, push } = one([VIDEO]);
    const nulls = Buffer.alloc(188, 0xff);
    nulls.set([0x47, 0x1f, 0xff, 0x10]);
    const first = picture(0, 90000);
    const out = push(
      nulls,
      tablePacket(0x11, 0, 0x42, 0xb0, 9, 0, 1, 0xc1, 0, 0),
      first,
      first,
      nulls,
      picture(1, 93600),
    );
    expect(headersOf(out).map((header) => header.slice(0, 6))).to.deep.equal([
      ...['474000', '475000', '474100', '474000', '475000', '474100'],
    ]);
    const { nulls: n, unknown, duplicates, lost, damaged } = remuxer.counters;
    expect({ n, unknown, duplicates, lost, damaged }).to.deep.equal({
      n: 2,
      unknown: 1,
      duplicates: 1,
      lost: 0,
      damaged: 0,
    });
  });

  it('recognizes a duplicate although packets of another track came in between', () => {
    // It was compared with the other track's packet, and sent as if 15 packets had been lost.
    const { remuxer, push } = one([VIDEO, AUDIO]);
    const video = picture(0, 90000, { payload: bytes(800) });
    const audio = pesPackets({ pid: AUDIO.pid, streamId: 0xc0, pts: 90000, counter: 0, payload: bytes(800, 0x66) });
    const nth = (from: Buffer, n: number): Buffer => from.subarray(n * 188, n * 188 + 188);
    push(nth(video, 0), nth(audio, 0), nth(audio, 1));
    const out = push(nth(video, 1), nth(audio, 1), nth(video, 2), nth(audio, 2), nth(audio, 2), nth(video, 3));
    expect(headersOf(out)).to.deep.equal(['47010011', '47010012', '47010112', '47010013']);
    expect(remuxer.counters).to.include({ duplicates: 2, lost: 0 });
  });

  it('does not modify its input', () => {
    const { push } = one([VIDEO]);
    const message = picture(0, 90000);
    const before = Buffer.from(message);
    push(message);
    expect(message.equals(before)).to.equal(true);
  });

  it('preserves a loss: the output counter skips as many', () => {
    const { remuxer, push } = one([VIDEO]);
    push(picture(0, 90000));
    const counters = headersOf(push(picture(4, 93600))).filter((header) => header.startsWith('4741'));
    expect(counters.map((header) => header.slice(6))).to.deep.equal(['34']);
    expect(remuxer.counters.lost).to.equal(3);
  });

  it('gives packets without payload the counter of the one before', () => {
    const { push } = one([VIDEO]);
    const only = Buffer.alloc(188, 0xff);
    only.set([0x47, 0x01, 0x00, 0x20, 183, 0x00]);
    const headers = headersOf(push(picture(0, 90000), only, picture(1, 93600)));
    expect(headers.filter((header) => header.startsWith('47') && header[3] === '1')).to.deep.equal([
      ...['47410030', '47010020', '47410031'],
    ]);
  });

  it('rewrites a PES header that spans packets and messages', () => {
    const header = (data: Buffer): string => {
      const found: number[] = [];
      for (let at = 0; at < data.length; at += 188) {
        if (data[at + 2] !== 0 || (data[at + 1]! & 0x1f) !== 1) continue;
        found.push(...data.subarray(data[at + 3]! & 32 ? at + 5 + data[at + 4]! : at + 4, at + 188));
      }
      return Buffer.from(found.slice(0, 19)).toString('hex');
    };
    const stamps = { dts: 89000, pts: 92000 };
    for (const stuffing of [158, 160, 165, 170, 174]) {
      const whole = one([VIDEO]).push(picture(0, 90000, stamps));
      const split = one([VIDEO]).remuxer;
      const packets = picture(0, 90000, { ...stamps, stuffing });
      expect(packets.length).to.equal(376);
      expect(split.push('cam', { data: packets.subarray(0, 188) }, 80), 'held').to.equal(null);
      const rest = Buffer.from(split.push('cam', { data: packets.subarray(188) }, 80)!);
      expect(header(rest)).to.equal(header(whole));
      expect(headersOf(rest).map((each) => each.slice(0, 6))).to.deep.equal([
        ...['474000', '475000', '474100', '470100'],
      ]);
    }
  });

  it('renumbers stream_ids within their range only if two tracks share one', () => {
    const remuxer = new Remuxer('owned', START_TIMEOUTS);
    remuxer.setInputs(
      ['a', 'b', 'c'].map((feed) => ({ feed, select: 'all' as const })),
      0,
    );
    for (const feed of ['a', 'b', 'c']) {
      const data = Buffer.concat([tablesOf([VIDEO, AUDIO, { pid: 0x102, type: 0x81 }], 0x100), picture(0, 90000)]);
      const more = [AUDIO.pid, 0x102].map((pid, i) =>
        pesPackets({ pid, streamId: i === 0 ? 0xdf : 0xbd, pts: 90000, counter: 0, payload: bytes(50) }),
      );
      remuxer.push(feed, { data: Buffer.concat([data, ...more]), startsSource: true }, 40);
      remuxer.push(feed, { data: tablePacket(0, 1, 0xff) }, 1040); // the feeds that join are no longer held
    }
    expect(remuxer.program.tracks.map(({ streamId }) => streamId)).to.deep.equal([
      ...[0xe0, 0xdf, 0xbd, 0xe1, 0xc0, 0xbd, 0xe2, 0xc1, 0xbd],
    ]);
    expect(remuxer.program.tracks.map(({ pid }) => pid)).to.deep.equal([...Array(9).keys()].map((i) => 0x100 + i));
  });

  it('follows changed tables: another PID, another type', () => {
    const { remuxer, push } = one([VIDEO]);
    const sent: Sent[] = [{ data: push(picture(0, 90000)), atMs: 80 }];
    const moved = tablesOf([{ pid: 0x200, type: 0x24 }, AUDIO], 0x200, 1, 1);
    const next = pesPackets({
      pid: 0x200,
      streamId: 0xe0,
      pts: 93600,
      pcr: 84600,
      access: true,
      counter: 0,
      payload: bytes(9),
    });
    sent.push({ data: push(moved, next), atMs: 120 });
    expect(checkTs(sent).errors).to.deep.equal([]);
    expect(checkTs(sent).versions).to.deep.equal([0, 1]);
    expect(remuxer.program.tracks.map(({ pid, streamType }) => [pid, streamType])).to.deep.equal([
      ...[
        [0x101, 0x24],
        [0x102, 0x0f],
      ],
    ]);
  });

  it('passes a PCR on its own PID in packets that do not increment the counter', () => {
    const { push } = one([VIDEO], 0x1ff);
    const clock = (pcr: number): Buffer => {
      const packet = picture(0, 90000, { pid: 0x1ff, pcr }).subarray(0, 188);
      packet[3] = 0x20;
      packet[4] = 183;
      packet[5] = 0x10;
      packet[1] = 0x01;
      return packet;
    };
    const sent: Sent[] = [];
    for (let i = 0; i < 50; i++) {
      const data = push(picture(i, 90000 + i * 3600, { pcr: undefined! }), clock(80000 + i * 3600));
      sent.push({ data, atMs: 80 + i * 40 });
    }
    const { errors, pcrs } = checkTs(sent);
    expect(errors.filter((error) => !error.includes('before the first PCR'))).to.deep.equal([]);
    expect(pcrs).to.have.length.greaterThan(48);
  });

  it('generates a PCR if the input has none', () => {
    const { push } = one([VIDEO], 0x1fff);
    const sent: Sent[] = [];
    for (let i = 0; i < 100; i++)
      sent.push({ data: push(picture(i, 90000 + i * 3600, { pcr: undefined! })), atMs: 80 + i * 40 });
    const { errors } = checkTs(sent);
    expect(errors.filter((error) => !error.includes('before the first PCR'))).to.deep.equal([]);
  });

  it('passes complete SCTE-35 sections, with pts_adjustment adjusted', () => {
    const { push } = one([VIDEO, { pid: 0x1f0, type: 0x86 }]);
    const out1 = push(picture(0, 90000));
    const splice = tablePacket(0x1f0, 0, 0xfc, 0x30, 17, 0, 0, 0, 0, 0, 100, 0, 0xff, 0xf0, 0, 0, 0, 0);
    const out = push(splice);
    const at = out.length - 188;
    expect(out.subarray(at, at + 4).toString('hex')).to.equal('47410110');
    const video = out1.lastIndexOf(Buffer.from([0, 0, 1, 0xe0]));
    const offset = readTimestamp(out1, video + 9) - 90000;
    expect(out.readUInt32BE(at + 5 + 5)).to.equal(100 + offset);
    expect(checkSection(out.subarray(at + 5, at + 25))).to.equal(0);
  });

  it('reports where a reader can start', () => {
    const { remuxer, push } = one([VIDEO]);
    push(picture(0, 90000));
    push(picture(1, 93600, { access: false }));
    expect(remuxer.accessPointOffset).to.equal(-1);
    const out = push(picture(2, 97200, { access: false }), picture(3, 100800));
    expect(remuxer.accessPointOffset).to.be.greaterThan(-1);
    expect(headersOf(out.subarray(remuxer.accessPointOffset)).map((header) => header.slice(0, 6))).to.deep.equal([
      ...['474000', '475000', '474100'],
    ]);
    expect(remuxer.tables?.length).to.equal(376);
  });

  it('gives a player that reads only stream_ids (jsmpeg) the frames of the input', () => {
    const messages = [
      ...inOrder(
        source({ feed: 'video0', kind: 'video', fromMs: 1000, lengthMs: 4000, packets: 7 }),
        source({ feed: 'audio0', kind: 'audio', fromMs: 1000, lengthMs: 4000, packets: 2, unitMs: 24, pcrMs: 0 }),
      ),
    ];
    const remuxer = new Remuxer('owned', START_TIMEOUTS);
    remuxer.setInputs(
      ['video0', 'audio0'].map((feed) => ({ feed, select: 'all' as const })),
      0,
    );
    const sent: Buffer[] = [];
    for (const { feed, data, begins, atMs } of messages) {
      sent.push(Buffer.from(remuxer.push(feed, { data, startsSource: begins }, atMs) ?? []));
    }
    const frames = demux(Buffer.concat(sent));
    for (const [feed, id] of [
      ['video0', 0xe0],
      ['audio0', 0xc0],
    ] as const) {
      const alone = demux(Buffer.concat(messages.filter((m) => m.feed === feed).map(({ data }) => data)));
      expect(frames.get(id)).to.deep.equal(alone.get(id));
      expect(frames.get(id)).to.have.length.greaterThan(90);
    }
  });

  it('produces the same output however the input is split', () => {
    const messages = [
      ...inOrder(
        source({ feed: 'video0', kind: 'video', fromMs: 1000, lengthMs: 3000, packets: 5 }),
        source({ feed: 'audio0', kind: 'audio', fromMs: 1000, lengthMs: 3000, packets: 2, unitMs: 72 }),
      ),
    ];
    const make = (cut: (message: number, packet: number) => boolean): string => {
      const remuxer = new Remuxer('owned', START_TIMEOUTS);
      remuxer.setInputs(
        ['video0', 'audio0'].map((feed) => ({ feed, select: 'all' as const })),
        0,
      );
      const sent: Buffer[] = [];
      messages.forEach(({ feed, data, begins, atMs }, i) => {
        for (let from = 0, to = 188; to <= data.length; to += 188) {
          if (to < data.length && !cut(i, to)) continue;
          sent.push(
            Buffer.from(
              remuxer.push(feed, { data: data.subarray(from, to), startsSource: begins && from === 0 }, atMs) ?? [],
            ),
          );
          from = to;
        }
      });
      return Buffer.concat(sent).toString('base64');
    };
    const whole = make(() => false);
    expect(make(() => true)).to.equal(whole);
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 7, maxLength: 97 }), (cuts) => {
        let n = 0;
        return make(() => cuts[n++ % cuts.length]!) === whole;
      }),
      { numRuns: 25 },
    );
  });

  it('survives any input: aligned packets, no exception', () => {
    const valid = [
      ...inOrder(
        source({ feed: 'video0', kind: 'video', fromMs: 1000, lengthMs: 1000, packets: 3 }),
        source({ feed: 'audio0', kind: 'audio', fromMs: 1000, lengthMs: 1000, packets: 2 }),
      ),
    ];
    const edit = fc.record({
      message: fc.nat(valid.length - 1),
      at: fc.nat(600),
      value: fc.nat(255),
      kind: fc.constantFrom('byte', 'drop', 'repeat', 'random', 'mute', 'leave', 'begin', 'tick', 'sync'),
    });
    fc.assert(
      fc.property(
        fc.array(edit, { maxLength: 60 }),
        fc.uint8Array({ minLength: 997, maxLength: 997 }),
        (edits, noise) => {
          const remuxer = new Remuxer('owned', START_TIMEOUTS);
          const inputs = ['video0', 'audio0'].map((feed) => ({ feed, select: 'all' as const }));
          remuxer.setInputs(inputs, 0);
          const judge = (out: Uint8Array | null): void => {
            if (!out) return;
            expect(out.length % 188).to.equal(0);
            for (let at = 0; at < out.length; at += 188) expect(out[at]).to.equal(0x47);
          };
          valid.forEach(({ feed, data, begins, atMs }, i) => {
            let bytes = Buffer.from(data);
            let first = begins;
            for (const { message, at, value, kind } of edits) {
              if (message !== i) continue;
              if (kind === 'byte') bytes[at % bytes.length] = value;
              if (kind === 'sync' && at % 188 > 0) bytes[at % bytes.length] = value & 0xf0;
              if (kind === 'drop') bytes = bytes.subarray(188);
              if (kind === 'repeat') bytes = Buffer.concat([bytes, bytes]);
              if (kind === 'random' && bytes.length) {
                for (let n = 0; n < bytes.length; n++) bytes[n] = n % 188 === 0 ? 0x47 : noise[(n + i) % noise.length]!;
              }
              if (kind === 'mute')
                judge(remuxer.setInputs([{ feed: 'video0', select: value & 1 ? 'all' : 'audio' }], atMs));
              if (kind === 'begin') first = true;
              if (kind === 'leave') judge(remuxer.endSource(feed, atMs));
              if (kind === 'tick') judge(remuxer.tick(atMs));
              if (bytes.length === 0) bytes = Buffer.from(data);
            }
            judge(remuxer.push(feed, { data: bytes, startsSource: first }, atMs));
            expect(remuxer.accessPointOffset).to.be.lessThan(1 << 20);
          });
        },
      ),
      { numRuns: 300 },
    );
  });
});

function checkSection(section: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of section) {
    value ^= byte << 24;
    for (let i = 0; i < 8; i++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  }
  return value >>> 0;
}

/** Demultiplexes as jsmpeg does: each PID is the stream_id of its last PES start; PAT and PMT are ignored. */
function demux(data: Buffer): Map<number, string[]> {
  const ids = new Map<number, number>();
  const open = new Map<number, Buffer[]>();
  const frames = new Map<number, string[]>();
  for (let at = 0; at < data.length; at += 188) {
    const pid = ((data[at + 1]! & 31) << 8) | data[at + 2]!;
    if (!(data[at + 3]! & 16)) continue;
    let from = data[at + 3]! & 32 ? at + 5 + data[at + 4]! : at + 4;
    if (data[at + 1]! & 64 && data.readUIntBE(from, 3) === 1) {
      const before = ids.get(pid);
      if (before !== undefined) {
        const done = Buffer.concat(open.get(pid)!).toString('base64');
        frames.set(before, [...(frames.get(before) ?? []), done]);
      }
      ids.set(pid, data[from + 3]!);
      from += 9 + data[from + 8]!;
      open.set(pid, []);
    }
    open.get(pid)?.push(data.subarray(from, at + 188));
  }
  return frames;
}
