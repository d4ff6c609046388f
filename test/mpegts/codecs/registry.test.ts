import { expect } from 'chai';
import type { Codec } from '../../../src/mpegts/codecs/codec.js';
import { codecName, codecOfDescriptor, codecOfHdmvType, codecOfType } from '../../../src/mpegts/codecs/lookup.js';
import { CODECS } from '../../../src/mpegts/codecs/registry.js';
import { carriesSections, kindOfEntry } from '../../../src/mpegts/psi/track.js';

const registration = (format: string) => Uint8Array.of(0x05, format.length, ...Buffer.from(format, 'latin1'));
const NONE = new Uint8Array(0);
const PRIVATE_DATA = 0x06; // PES packets of which descriptors say what they are
/** What a row is in a failure's message. */
const show = (row: Codec) => `${row.name ?? 'a row without a name'}, ${row.kind}, ${row.types.join()}`;

/** What identifies a row, in each column: a number or a format, with the descriptor that says it of a track. */
const COLUMNS: Readonly<Record<string, (row: Codec) => readonly (readonly [number | string, Uint8Array])[]>> = {
  types: ({ types }) => types.map((type) => [type, NONE]),
  hdmvTypes: ({ hdmvTypes }) => hdmvTypes.map((type) => [type, registration('HDMV')]),
  formats: ({ formats }) => formats.map((format) => [format, registration(format)]),
  descriptors: ({ descriptors }) => descriptors.map((tag) => [tag, Uint8Array.of(tag, 1, 0)]),
  mpegExtensions: ({ mpegExtensions }) => mpegExtensions.map((tag) => [tag, Uint8Array.of(0x3f, 1, tag)]),
  dvbExtensions: ({ dvbExtensions }) => dvbExtensions.map((tag) => [tag, Uint8Array.of(0x7f, 1, tag)]),
  dataComponents: ({ dataComponents }) => dataComponents.map((id) => [id, Uint8Array.of(0xfd, 2, id >> 8, id & 0xff)]),
};

describe('the registry of codecs', () => {
  it('gives each row a kind, and a name as ffmpeg spells names or none', () => {
    for (const row of CODECS) {
      expect(['video', 'audio', 'other', 'sections', 'unknown'], show(row)).to.include(row.kind);
      if (row.name !== null) expect(row.name, show(row)).to.match(/^[a-z][a-z0-9_]*$/);
    }
  });

  for (const [column, keysOf] of Object.entries(COLUMNS)) {
    it(`has nothing twice in ${column}`, () => {
      const all = CODECS.flatMap((row) => keysOf(row).map(([key]) => key));
      expect(all.length).to.be.greaterThan(0);
      expect(all.filter((key, i) => all.indexOf(key) !== i)).to.deep.equal([]);
    });
  }

  it('has numbers of a byte, and formats of four characters', () => {
    for (const row of CODECS) {
      const bytes = [row.types, row.hdmvTypes, row.descriptors, row.mpegExtensions, row.dvbExtensions].flat();
      expect(bytes.filter((byte) => byte < 0 || byte > 0xff)).to.deep.equal([], show(row));
      expect(row.formats.filter((format) => format.length !== 4)).to.deep.equal([], show(row));
    }
  });

  it('has no row that nothing leads to: neither a PMT nor a name that a reader finds', () => {
    const unreachable = CODECS.filter((row) => {
      return (
        row.name === null && row.formatPattern === null && Object.values(COLUMNS).every((of) => of(row).length === 0)
      );
    });
    expect(unreachable.map(show)).to.deep.equal([]);
  });

  it('is where look-ups find each row by each of its columns, with its kind', () => {
    const kindOf = ({ kind }: Codec) => (kind === 'sections' ? 'other' : kind);
    for (const row of CODECS) {
      for (const [type] of COLUMNS['types']!(row)) {
        expect(codecOfType(Number(type)), show(row)).to.equal(row);
        expect(kindOfEntry(Number(type), NONE), show(row)).to.equal(kindOf(row));
        expect(carriesSections(Number(type), kindOf(row)), show(row)).to.equal(row.kind === 'sections');
      }
      for (const [type] of COLUMNS['hdmvTypes']!(row)) {
        expect(codecOfHdmvType(Number(type)), show(row)).to.equal(row);
        expect(kindOfEntry(Number(type), NONE, registration('HDMV')), show(row)).to.equal(kindOf(row));
      }
      for (const column of ['formats', 'descriptors', 'mpegExtensions', 'dvbExtensions', 'dataComponents']) {
        for (const [key, descriptor] of COLUMNS[column]!(row)) {
          expect(codecOfDescriptor(descriptor[0]!, descriptor.subarray(2)), `${show(row)}: ${key}`).to.equal(row);
          expect(kindOfEntry(PRIVATE_DATA, descriptor), `${show(row)}: ${key}`).to.equal(row.kind);
          const entry = { streamType: PRIVATE_DATA, descriptors: descriptor };
          expect(codecName(entry), `${show(row)}: ${key}`).to.equal(row.name ?? '0x06');
        }
      }
    }
  });

  it('has one row to which a four-byte start of a frame leads', () => {
    const formats = [...new Set(CODECS.flatMap(({ frames }) => frames ?? []))];
    const bytes = new Uint8Array(4);
    for (let first = 0; first < 0x10000; first++) {
      for (const [third, fourth] of [
        [0, 0],
        [0x80, 0x01],
        [0x20, 0x25],
      ] as const) {
        bytes.set([first >> 8, first & 0xff, third, fourth]);
        const found = formats.filter(({ startsAt }) => startsAt(bytes, 0));
        if (found.length > 1) expect.fail(`${found.length} formats start with ${Buffer.from(bytes).toString('hex')}`);
      }
    }
  });
});
