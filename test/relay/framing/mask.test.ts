import { expect } from 'chai';
import { maskingSlot, maskInto, masksByWebAssembly, SLOT_HEADROOM, xorWords } from '../../../src/relay/framing/mask.js';
import { seeded } from '../../support/random.js';

const RANDOM = seeded('mask');

/** RFC 6455 §5.3 as it is written there. */
function masked(payload: Uint8Array, key: number): Buffer {
  return Buffer.from(payload.map((byte, i) => byte ^ ((key >>> (8 * (i % 4))) & 0xff)));
}

describe('maskInto', () => {
  const keys = [0, 0xffffffff, ...Array.from({ length: 3 }, () => RANDOM.integer(2 ** 32 - 1))];

  it('masks as the RFC says, for every length up to 300 and at any place', () => {
    for (const key of keys) {
      for (let length = 0; length <= 300; length++) {
        const payload = RANDOM.bytes(length);
        const out = Buffer.alloc(length + 16, 0xee);
        maskInto(out, 14, payload, key);
        expect(out.subarray(14, 14 + length).equals(masked(payload, key)), `${length} bytes, key ${key}`).to.be.true;
        expect(out.subarray(14 + length).equals(Buffer.from([0xee, 0xee])), 'writes nothing behind').to.be.true;
      }
    }
  });

  it('masks what is longer than its window', () => {
    for (const length of [131_071, 131_072, 131_073, 262_144, 400_001]) {
      const payload = RANDOM.bytes(length);
      const out = Buffer.alloc(length);
      maskInto(out, 0, payload, keys[2]!);
      expect(out.equals(masked(payload, keys[2]!)), `${length} bytes`).to.be.true;
    }
  });

  it('leaves the payload as it was', () => {
    const payload = RANDOM.bytes(1000);
    const before = Buffer.from(payload);
    maskInto(Buffer.alloc(1000), 0, payload, keys[2]!);
    expect(payload.equals(before)).to.be.true;
  });
});

describe('masking without WebAssembly', () => {
  it('masks as the RFC says, for every length up to 300', () => {
    const place = maskingSlot(0);
    for (let length = 0; length <= 300; length++) {
      const [payload, key] = [RANDOM.bytes(length), RANDOM.integer(2 ** 32 - 1)];
      place.set(payload, SLOT_HEADROOM);
      xorWords(SLOT_HEADROOM, SLOT_HEADROOM + length, key);
      const out = place.subarray(SLOT_HEADROOM, SLOT_HEADROOM + length);
      expect(out.equals(masked(payload, key)), `${length} bytes, key ${key}`).to.be.true;
    }
  });

  it('is not what this Node does', () => {
    expect(masksByWebAssembly, 'dist/mask.wasm is missing, or this Node cannot run it: relaying costs 3 to 10 % more')
      .to.be.true;
  });
});
