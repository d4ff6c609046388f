// HE-AAC as its AudioSpecificConfig signals it in LATM, compared with ffprobe: rate and channels of what a decoder outputs.

import { expect } from 'chai';
import { sound } from '../../support/media/captures.js';
import { inLatm } from '../../support/media/latm.js';
import { inspected, probed, shownParameters } from '../../support/media/parameters.js';
import { u } from '../../support/mpegts/bits.js';

/** AAC LC of 24 kHz, samplingFrequencyIndex 6: what is below SBR. */
const lc = (channels: number) => sound('aac', '-ar', '24000', '-ac', String(channels));
const core = (type: number, channels: number) => u(5, type) + u(4, 6) + u(4, channels);
const EXPLICIT = u(4, 3) + u(5, 2) + '000'; // 48 kHz, of AAC LC
const SBR_BEHIND = '000' + u(11, 0x2b7) + u(5, 5) + '1' + u(4, 3);
const PS_BEHIND = u(11, 0x548);

const CASES: readonly (readonly [string, number, string, number])[] = [
  ['SBR', 2, core(5, 2) + EXPLICIT, 2],
  // It may come with parametric stereo at any time: decoders output two channels from the start.
  ['SBR of one channel', 1, core(5, 1) + EXPLICIT, 2],
  ['parametric stereo', 1, core(29, 1) + EXPLICIT, 2],
  ['SBR behind the fields of AAC LC', 2, core(2, 2) + SBR_BEHIND, 2],
  ['SBR of one channel behind them', 1, core(2, 1) + SBR_BEHIND, 2],
  ['parametric stereo behind them', 1, core(2, 1) + SBR_BEHIND + PS_BEHIND + '1', 2],
  ['SBR behind them, and no parametric stereo', 1, core(2, 1) + SBR_BEHIND + PS_BEHIND + '0', 1],
];

describe('HE-AAC in LATM', () => {
  for (const [what, coded, config, channels] of CASES) {
    it(`is shown as ffprobe does: ${what}`, () => {
      const bytes = inLatm(lc(coded), config);
      const { media } = inspected(bytes);
      expect(media.map(shownParameters)).to.deep.equal(probed(bytes));
      expect(media[0]).to.include({ codec: 'aac_latm', sampleRate: 48_000, channels });
    });
  }
});
