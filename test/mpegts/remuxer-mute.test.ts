// Mutes of data that a stream still holds: video that is sent until it is replaced, audio that is held. Literal bytes.

import { expect } from 'chai';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { hasMutedDescriptor } from '../../src/mpegts/mute/mute-descriptor.js';
import { ProgramReader } from '../../src/mpegts/psi/program.js';
import { Remuxer, type RemuxInput } from '../../src/mpegts/remux/remuxer.js';
import { PACKET_BYTES } from '../../src/mpegts/packet/packet.js';
import { type Entry, packet, patSection, pmtSection, sectionPackets } from '../support/mpegts/ts.js';

const PMT = 0x1000;
const PID = 0x100;
const SECRET = 0x5e; // the payloads' fill byte

function tables(streamType: number): Buffer {
  return Buffer.concat([
    sectionPackets(0, patSection(PMT)),
    sectionPackets(PMT, pmtSection([{ streamType, pid: PID }])),
  ]);
}

function unit(streamId: number, counter = 0): Buffer {
  const payload = Buffer.from([0, 0, 1, streamId, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1]);
  return packet({ pid: PID, counter, startsUnit: true, randomAccess: true, fill: SECRET, payload });
}

const secrets = (bytes: Buffer) => bytes.filter((byte) => byte === SECRET).length;

describe('a mute of data that a Remuxer holds', () => {
  it('of everything applies to video that is sent until it is replaced', () => {
    const remuxer = new Remuxer('owned', START_TIMEOUTS);
    const picture = tables(0x1b);
    remuxer.setInputs([{ feed: 'a', select: 'all' }], 0);
    remuxer.push('a', { data: Buffer.concat([picture, unit(0xe0)]), startsSource: true }, 10);
    remuxer.setInputs([{ feed: 'b', select: 'all' }], 20);
    expect(secrets(Buffer.from(remuxer.push('a', { data: unit(0xe0, 1) }, 30) ?? [])), 'it runs on').to.be.greaterThan(
      100,
    );
    remuxer.endReplaced('a', 40);
    expect(secrets(Buffer.from(remuxer.push('a', { data: unit(0xe0, 2) }, 50) ?? []))).to.equal(0);
  });

  it('sends no audio afterwards that was held with the first units of its feed', () => {
    const waited = (isMuted: boolean): number => {
      const remuxer = new Remuxer('owned', START_TIMEOUTS);
      const inputs = (select: 'all' | 'other-than-audio'): RemuxInput[] => [
        { feed: 'cam', select: 'all' },
        { feed: 'mic', select },
      ];
      const send = (feed: string, bytes: Buffer, begins: boolean, atMs: number) =>
        Buffer.from(remuxer.push(feed, { data: bytes, startsSource: begins }, atMs) ?? []);
      remuxer.setInputs(inputs(isMuted ? 'other-than-audio' : 'all'), 0);
      send('cam', Buffer.concat([tables(0x1b), unit(0xe0)]), true, 10);
      send('mic', Buffer.concat([tables(0x03), unit(0xc0)]), true, 20);
      remuxer.setInputs(inputs('all'), 30);
      const ticked = [40, 100, 500, 1000, 2000, 3100, 4000, 6000, 9000, 20_000].map((ms) =>
        Buffer.from(remuxer.tick(ms) ?? []),
      );
      // After the hold, held messages are sent with the next message.
      return secrets(Buffer.concat([...ticked, send('mic', sectionPackets(0, patSection(PMT), 1), false, 20_100)]));
    };
    expect(waited(false), 'without a mute it is sent').to.be.greaterThan(100);
    expect(waited(true)).to.equal(0);
  });

  describe('of a source that joins another', () => {
    const OTHER = 0x101;
    const picture = { streamType: 0x1b, pid: OTHER };
    const klv = [{ streamType: 0x15, pid: PID }, picture];
    const unknown = [{ streamType: 0x06, pid: PID }, picture];
    const program = (entries: readonly Entry[], version: number) =>
      Buffer.concat([
        sectionPackets(0, patSection(PMT), version),
        sectionPackets(PMT, pmtSection(entries, version), version),
      ]);

    /** The output for the messages of `mic` after the hold, with `cam` already present. */
    const sent = (select: RemuxInput['select'], messages: readonly Buffer[], later?: RemuxInput['select']): number => {
      const remuxer = new Remuxer('owned', START_TIMEOUTS);
      const inputs = (ofMic: RemuxInput['select']): RemuxInput[] => [
        { feed: 'cam', select: 'all' },
        { feed: 'mic', select: ofMic },
      ];
      remuxer.setInputs(inputs(select), 0);
      const first = unit(0xe0).fill(0, 20);
      remuxer.push('cam', { data: Buffer.concat([tables(0x1b), first]), startsSource: true }, 10);
      const out = messages.map((one, i) => remuxer.push('mic', { data: one, startsSource: i === 0 }, 20 + i));
      if (later) out.push(remuxer.setInputs(inputs(later), 50));
      for (const ms of [500, 1500, 3000, 5000]) out.push(remuxer.push('mic', { data: packet({ pid: 0x1fff }) }, ms));
      return secrets(Buffer.concat(out.filter((one) => one !== null)));
    };

    it('withholds packets from before the PMT that describes them, whatever it lists', () => {
      const [one, other] = [unit(0xbd, 0), unit(0xbd, 1)];
      expect(sent('other-than-audio', [Buffer.concat([program(klv, 0), one, other])])).to.be.greaterThan(300);
      for (const [what, before] of [
        ['none', [one]],
        ['another', [program(unknown, 0), one]],
        ['none, and another', [one, program(unknown, 0), other]],
      ] as const) {
        const whole = [Buffer.concat([...before, program(klv, 1)])];
        expect(sent('other-than-audio', whole), what).to.equal(0);
        expect(sent('other-than-audio', [...before, program(klv, 1)]), `${what}, in messages`).to.equal(0);
      }
    });

    it('loses no message in which video and audio end while it is held', () => {
      const data = Buffer.concat([program([{ streamType: 0x15, pid: PID }], 1), unit(0xbd)]);
      expect(sent('all', [program(unknown, 0), data])).to.be.greaterThan(150);
    });

    it('sends nothing that was held while everything was muted', () => {
      const one = unit(0xe0);
      expect(sent('all', [tables(0x1b), one], 'other-than-audio')).to.be.greaterThan(150);
      for (const later of ['all', 'other-than-audio', 'video'] as const) {
        expect(sent('none', [tables(0x1b), one], later), later).to.equal(0);
      }
    });
  });

  it('drops a unit that may be audio and whose header is still incomplete, whatever its entry says', () => {
    const header = (streamId: number) => Buffer.from([0, 0, 1, streamId, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1]);
    /** A packet that holds only so many bytes of the header: the adaptation field fills the rest. */
    const cut = (streamId: number, bytes: number, counter: number): Buffer => {
      const one = packet({ pid: PID, counter, startsUnit: true, randomAccess: true, fill: 0xff });
      one[4] = 183 - bytes; // adaptation_field_length
      header(streamId).copy(one, PACKET_BYTES - bytes, 0, bytes);
      return one;
    };
    const sent = (streamId: number, bytes: number): number => {
      const remuxer = new Remuxer('owned', START_TIMEOUTS);
      const set = (select: RemuxInput['select'], atMs: number) => remuxer.setInputs([{ feed: 'a', select }], atMs);
      const push = (packets: Buffer, atMs: number, begins = false) =>
        secrets(Buffer.from(remuxer.push('a', { data: packets, startsSource: begins }, atMs) ?? []));
      set('other-than-audio', 0);
      push(Buffer.concat([tables(0x1b), unit(0xe0)]), 10, true);
      expect(push(cut(streamId, bytes, 1), 50), 'it is held').to.equal(0);
      set('all', 60);
      const rest = packet({ pid: PID, counter: 2, fill: SECRET, payload: header(streamId).subarray(bytes) });
      return push(rest, 70) + push(packet({ pid: PID, counter: 3, fill: SECRET }), 80);
    };
    for (const bytes of [4, 6, 8, 13]) {
      expect(sent(0xe0, bytes), `a picture, ${bytes} bytes of its header`).to.be.greaterThan(300);
      expect(sent(0xc0, bytes), `audio, ${bytes} bytes of its header`).to.equal(0);
    }
    expect(sent(0xc0, 3), 'audio, before its stream_id').to.equal(0);
  });

  it('of everything is signalled in the PMT, and withdrawn in it, also if nothing arrives meanwhile', () => {
    const remuxer = new Remuxer('owned', START_TIMEOUTS);
    const reader = new ProgramReader();
    const isSaid = (sent: Uint8Array | null): boolean => {
      for (let at = 0; at < (sent?.length ?? 0); at += PACKET_BYTES) reader.push(sent!, at);
      return hasMutedDescriptor(reader.program);
    };
    const set = (select: RemuxInput['select'], atMs: number) => remuxer.setInputs([{ feed: 'a', select }], atMs);
    set('all', 0);
    expect(isSaid(remuxer.push('a', { data: Buffer.concat([tables(0x1b), unit(0xe0)]), startsSource: true }, 10))).to.be
      .false;
    expect(isSaid(set('none', 20))).to.be.true;
    expect(isSaid(set('all', 30)), 'unmuted').to.be.false;
    expect(reader.program?.tracks).to.have.length(1);
    expect(isSaid(set('none', 40))).to.be.true;
    expect(isSaid(remuxer.endSource('a', 50)), 'its source has gone').to.be.true;
    expect(isSaid(set('all', 60)), 'unmuted without a source').to.be.false;
    expect(isSaid(remuxer.setInputs([{ feed: 'b', select: 'all' }], 70)), 'another rule').to.be.false;
  });
});
