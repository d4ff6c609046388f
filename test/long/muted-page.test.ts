// What a real browser shows of a mute, as in test/system, of pictures that another player decodes.

import { muteOnPages } from '../support/browser/mute-on-pages.js';

describe('the pages, while the host mutes', function () {
  this.timeout(180_000);

  it('say so and show nothing of it, and play on by themselves, also where one came meanwhile: MPEG-1', () =>
    muteOnPages('mpeg1video', 'mp2'));
});
