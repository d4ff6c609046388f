import { expect } from 'chai';
import { OutputTables, mergeDescriptors } from '../../../src/mpegts/remux/output-tables.js';

describe('OutputTables', () => {
  it('writes a PAT and a PMT byte for byte, and counts their packets', () => {
    const tables = new OutputTables();
    tables.describe(0x100, new Uint8Array(0), [{ pid: 0x100, streamType: 0x1b, descriptors: Uint8Array.of(5, 1, 7) }]);
    const out = new Uint8Array(tables.length);
    tables.write(out, 0);
    expect(out.length).to.equal(376);
    // table_id, section_syntax_indicator and length, transport_stream_id, version, sections, program 1 -> 0x1000
    expect(Buffer.from(out.subarray(0, 21)).toString('hex')).to.equal('474000100000b00d0001c100000001f0002ab104b2');
    expect(Buffer.from(out.subarray(188, 213)).toString('hex')).to.equal(
      '475000100002b0150001c10000e100f0001be100f003050107',
    );
    tables.write(out, 0);
    expect(out[3]).to.equal(0x11);
    expect(out[191]).to.equal(0x11);
  });

  it('increments the version when something changed, and only then', () => {
    const tables = new OutputTables();
    const entry = { pid: 0x100, streamType: 0x1b, descriptors: new Uint8Array(0) };
    expect(tables.describe(0x100, new Uint8Array(0), [entry])).to.equal(true);
    expect(tables.describe(0x100, new Uint8Array(0), [{ ...entry }])).to.equal(false);
    for (let i = 1; i <= 33; i++) {
      expect(tables.describe(0x100 + i, new Uint8Array(0), [entry])).to.equal(true);
      expect(tables.version).to.equal(i % 32);
    }
  });

  it('includes a tag of program_info once: the first feed’s', () => {
    const hdmv = Uint8Array.of(5, 4, 72, 68, 77, 86);
    const other = Uint8Array.of(5, 4, 67, 85, 69, 73, 14, 1, 9);
    expect([...mergeDescriptors([hdmv, hdmv, other])]).to.deep.equal([...hdmv, 14, 1, 9]);
  });
});
