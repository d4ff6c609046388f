import { expect } from 'chai';
import { playerLinks } from '../../../src/api/routes/page-routes.js';

describe('playerLinks', () => {
  it('links each name, and says which are live', () => {
    const text = playerLinks([
      { name: 'stream/front', isLive: true },
      { name: '<b>', isLive: false },
    ]);
    expect(text).to.contain('<a href="/play/stream/front">stream/front</a> <span class="live">live</span>');
    expect(text).to.contain('<a href="/play/%3Cb%3E">&lt;b&gt;</a> <span class="away">nothing sent</span>');
    expect(playerLinks([])).to.equal('');
  });
});
