import { expect } from 'chai';
import { kindOfEntry, kindOfStreamId } from '../../../src/mpegts/psi/track.js';

describe('kindOfEntry', () => {
  const registration = (format: string) => Uint8Array.of(0x05, 4, ...Buffer.from(format));
  for (const [streamType, descriptors, kind] of [
    [0x01, [], 'video'],
    [0x02, [], 'video'],
    [0x1b, [], 'video'],
    [0x24, [], 'video'],
    [0x03, [], 'audio'],
    [0x0f, [], 'audio'],
    [0x81, [], 'audio'],
    [0x06, registration('Opus'), 'audio'],
    [0x06, registration('AV01'), 'video'],
    [0x06, [0x6a, 1, 0], 'audio'],
    [0x06, [], 'unknown'],
    [0x06, [0x05, 200, 1], 'unknown'],
    [0x86, [], 'other'],
    [0x86, registration('DTS1'), 'audio'],
    [0x05, [], 'other'],
  ] as const) {
    const what = `stream_type 0x${streamType.toString(16)} ${Buffer.from(descriptors).toString('latin1')}`.trim();
    it(`returns ${kind} for ${JSON.stringify(what)}`, () => {
      expect(kindOfEntry(streamType, Uint8Array.from(descriptors))).to.equal(kind);
    });
  }

  it('leaves the kind of a private stream_id to the PMT', () => {
    expect([0xe0, 0xef, 0xc0, 0xdf, 0xbd, 0xfd].map(kindOfStreamId)).to.deep.equal([
      'video',
      'video',
      'audio',
      'audio',
      null,
      null,
    ]);
  });
});
