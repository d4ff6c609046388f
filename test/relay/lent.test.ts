import { expect } from 'chai';
import { StartHold } from '../../src/mpegts/start-hold.js';
import { TablePackets } from '../../src/mpegts/table-packets.js';
import { Message } from '../../src/relay/message.js';

// Uploads are read into one Buffer, over and over. Whoever keeps bytes must copy them, and Buffer's slice() does not:
// sound was sent twice and counters jumped after a mute.
describe('what is kept of lent memory', () => {
  const lent = () => Buffer.alloc(188, 0xff);

  it('is a copy in a kept message', () => {
    const buffer = lent();
    const kept = new Message('ts', buffer).keep();
    buffer.fill(0);
    expect(kept[5]).to.equal(0xff);
  });

  it('is a copy in sound that is held back', () => {
    const buffer = lent();
    const hold = new StartHold(0);
    hold.push(buffer, 0);
    buffer.fill(0);
    expect(hold.messages[0]![5]).to.equal(0xff);
  });

  it('is a copy in the tables that joiners begin with', () => {
    const buffer = lent();
    // sync_byte, PUSI and PID 0, payload only, pointer_field, table_id, section_length 13
    buffer.set([0x47, 0x40, 0x00, 0x10, 0x00, 0x00, 0xb0, 0x0d]);
    const tables = new TablePackets(0x00);
    tables.push(buffer, 0);
    buffer.fill(0);
    expect(tables.packets![0]).to.equal(0x47);
  });
});
