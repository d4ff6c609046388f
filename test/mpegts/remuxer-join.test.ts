// Where a reader can start in a Remuxer's output.

import { expect } from 'chai';
import { START_TIMEOUTS } from '../../src/relay/delivery/access-timeouts.js';
import { Remuxer } from '../../src/mpegts/remux/remuxer.js';
import { pesPackets, tablesOf, type Es } from '../support/mpegts/synthetic.js';
import { VIDEO, AUDIO, CAM, one, bytes, picture, headersOf } from '../support/mpegts/one-feed.js';

describe('joinAt of a Remuxer', () => {
  const OTHER: Es = { pid: 0x110, type: 0x1b };
  const joins = (tracks: readonly Es[]) => {
    const { remuxer, push } = one(tracks);
    return (...packets: Buffer[]) => {
      const data = push(...packets);
      return { data, accessPointOffset: remuxer.accessPointOffset };
    };
  };
  const second = (counter: number, dts: number, access: boolean): Buffer =>
    picture(counter, dts, { pid: OTHER.pid, streamId: 0xe1, access, payload: bytes(90) });

  it('uses random access points of the first video track only', () => {
    const push = joins([VIDEO, OTHER]);
    expect(push(picture(0, 90000)).accessPointOffset).to.equal(0);
    expect(push(second(0, 90000, true)).accessPointOffset, 'of the second').to.equal(-1);
    expect(
      push(picture(1, 93600, { access: false }), second(1, 93600, true)).accessPointOffset,
      'of the second',
    ).to.equal(-1);
    const { data, accessPointOffset } = push(second(2, 97200, true), picture(2, 97200));
    expect(accessPointOffset).to.be.greaterThan(0);
    expect(headersOf(data.subarray(accessPointOffset)).map((header) => header.slice(0, 6))).to.deep.equal([
      ...['474000', '475000', '474100'],
    ]);
  });

  it('is at the first one of a message, even if another follows', () => {
    const push = joins([VIDEO]);
    push(picture(0, 90000));
    expect(push(picture(1, 93600), picture(2, 97200)).accessPointOffset).to.equal(0);
  });

  it('is found without random_access_indicator', () => {
    const push = joins([VIDEO]);
    const idr = Uint8Array.from([0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x65, ...bytes(80)]);
    const slice = Uint8Array.from([0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x41, ...bytes(80)]);
    expect(push(picture(0, 90000, { access: false, payload: idr })).accessPointOffset).to.equal(0);
    expect(push(picture(1, 93600, { access: false, payload: slice })).accessPointOffset).to.equal(-1);
  });

  it('is at tables and audio in a program of audio only', () => {
    const remuxer = new Remuxer('owned', START_TIMEOUTS);
    remuxer.setInputs(CAM, 0);
    const sound = (counter: number): Buffer =>
      pesPackets({
        ...{ pid: AUDIO.pid, streamId: 0xc0, pts: 90000 + counter * 2160, pcr: 81000 + counter * 2160, counter },
        payload: bytes(50),
      });
    remuxer.push('cam', { data: Buffer.concat([tablesOf([AUDIO], AUDIO.pid), sound(0)]), startsSource: true }, 0);
    const found: boolean[] = [];
    for (let i = 1; i < 12; i++) {
      const data = remuxer.push('cam', { data: sound(i) }, i * 24)!;
      found.push(remuxer.accessPointOffset >= 0);
      if (remuxer.accessPointOffset < 0) continue;
      expect(headersOf(data.subarray(remuxer.accessPointOffset)).map((header) => header.slice(0, 6))).to.deep.equal([
        ...['474000', '475000', '474100'],
      ]);
    }
    expect(found).to.include(true);
  });
});
