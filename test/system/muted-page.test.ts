// What a real browser shows of a mute: the board's pages, and those of a relay server, side by side. Of MPEG-1 it is in
// test/long.

import { muteOnPages } from '../support/browser/mute-on-pages.js';

describe('the pages, while the host mutes', function () {
  this.timeout(180_000);

  it('say so and show nothing of it, and play on by themselves, also where one came meanwhile: H.264', () =>
    muteOnPages('h264', 'aac'));
});
