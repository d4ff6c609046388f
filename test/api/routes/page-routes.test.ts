import { expect } from 'chai';
import { playerLinks } from '../../../src/api/routes/page-routes.js';

describe('playerLinks', () => {
  it('links each name, and says which are live', () => {
    const text = playerLinks([
      { name: 'stream/front', isLive: true, muted: null },
      { name: '<b>', isLive: false, muted: null },
    ]);
    expect(text).to.contain('<a href="/play/stream/front">stream/front</a> <span class="live">live</span>');
    expect(text).to.contain('<a href="/play/%3Cb%3E">&lt;b&gt;</a> <span class="away">nothing sent</span>');
    expect(playerLinks([])).to.equal('');
  });

  for (const [muted, state] of [
    ['audio', '<span class="live">live, sound muted</span>'],
    ['all', '<span class="away">muted</span>'],
  ] as const) {
    it(`says what is muted: ${muted}`, () => {
      expect(playerLinks([{ name: 'cam', isLive: true, muted }])).to.contain(`cam</a> ${state}`);
    });
  }
});
