import { expect } from 'chai';
import { StartHold } from '../../src/mpegts/clock/start-hold.js';
import { Inspector } from '../../src/mpegts/inspect/inspector.js';
import { Message } from '../../src/relay/message.js';
import { patSection, pmtSection, sectionPackets } from '../support/mpegts/ts.js';

// Uploads are read into one Buffer, over and over. Code that keeps bytes must copy them, and Buffer's slice() does not:
// sound was sent twice and counters jumped after a mute.
describe('what is kept of lent memory', () => {
  const lent = () => Buffer.alloc(188, 0xff);

  it('is a copy in a kept message', () => {
    const buffer = lent();
    const kept = new Message('ts', buffer).keep();
    buffer.fill(0);
    expect(kept[5]).to.equal(0xff);
  });

  it('is a copy in units that are held back', () => {
    const buffer = lent();
    const hold = new StartHold(0, []);
    hold.push(buffer, 0);
    buffer.fill(0);
    expect(hold.messages[0]!.data[5]).to.equal(0xff);
  });

  it('is a copy in the tables that new readers start with', () => {
    const pmt = pmtSection([{ streamType: 0x02, pid: 0x100 }]);
    const sent = Buffer.concat([sectionPackets(0, patSection(0x1000)), sectionPackets(0x1000, pmt)]);
    const inspector = new Inspector();
    const buffer = Buffer.from(sent);
    inspector.inspect(buffer);
    buffer.fill(0);
    expect(Buffer.from(inspector.tables!).equals(sent)).to.be.true;
  });
});
