// What the page says of tracks that are not played, and which those are.

import { expect } from 'chai';
import type { Track } from '../../../../src/mpegts/psi/track.js';
import { isPlayable } from '../../../../src/web/player/page/selection.js';
import { unplayable } from '../../../../src/web/player/page/unplayable.js';

const track = (streamType: number, kind: Track['kind']): Track => {
  return { pid: 0x100, streamType, kind, descriptors: new Uint8Array(0), sections: false };
};

describe('a track that is not played', () => {
  const cases: [what: string, of: Track, reason: string, text: string, codec?: string][] = [
    [
      'a picture that this browser does not know',
      track(0x24, 'video'),
      'video/mp4; codecs="hvc1.1.6.L93.B0"',
      'This browser cannot play H.265 pictures (hvc1.1.6.L93.B0). Another browser may; H.264 is played by all.',
    ],
    [
      'a sound that this browser does not know',
      track(0x81, 'audio'),
      'audio/mp4; codecs="ac-3"',
      'This browser cannot play AC-3 sound (ac-3). Another browser may; AAC is played by all.',
    ],
    ['pictures of no browser', track(0x10, 'video'), '', 'Browsers cannot play MPEG-4 pictures: use H.264 or MPEG-1.'],
    ['sound of no browser', track(0x82, 'audio'), '', 'Browsers cannot play DTS sound: use AAC or MPEG audio.'],
    [
      'a kind without a name',
      track(0xd1, 'video'),
      '',
      'Browsers cannot play this kind of picture: use H.264 or MPEG-1.',
    ],
    [
      'MPEG-2, which ffmpeg lists as it lists MPEG-1',
      track(0x02, 'video'),
      '',
      'Browsers cannot play MPEG-2 pictures: use H.264 or MPEG-1.',
      'mpeg2video',
    ],
  ];
  for (const [what, of, reason, text, codec] of cases) {
    it(`is told of in plain words: ${what}`, () => expect(unplayable(of, reason, codec)).to.equal(text));
  }

  it('is MPEG-2, once its sequence header says so', () => {
    const picture = track(0x02, 'video');
    expect(isPlayable(picture, 'mpegvideo')).to.be.true;
    expect(isPlayable(picture, 'mpeg1video')).to.be.true;
    expect(isPlayable(picture, 'mpeg2video')).to.be.false;
  });

  it('is one for which there is no engine', () => {
    const played = [0x01, 0x02, 0x03, 0x04, 0x06, 0x0f, 0x11, 0x1b, 0x24, 0x81, 0x87];
    const all = Array.from({ length: 256 }, (_, i) => i);
    expect(all.filter((streamType) => isPlayable(track(streamType, 'unknown')))).to.deep.equal(played);
  });
});
