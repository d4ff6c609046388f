import { expect } from 'chai';
import { readMpegVideo } from '../../../../src/mpegts/codecs/video/mpeg-video.js';
import { noParameters } from '../../../../src/mpegts/codecs/parameters.js';
import { bytesOf, u } from '../../../support/mpegts/bits.js';

interface Fields {
  readonly width?: number;
  readonly height?: number;
  readonly rate?: number;
  readonly marker?: number;
  /** load_intra_quantiser_matrix, load_non_intra_quantiser_matrix. */
  readonly matrices?: readonly [boolean, boolean];
}

/** sequence_header(). */
function header({ width = 640, height = 480, rate = 3, marker = 1, matrices = [false, false] }: Fields = {}): number[] {
  const matrix = u(8, 8) + u(8, 0xb5).repeat(63);
  return [
    ...[0, 0, 1, 0xb3],
    ...bytesOf(
      ...[u(12, width), u(12, height), u(4, 1), u(4, rate)], // sizes, aspect_ratio_information, frame_rate_code
      ...[u(18, 2500), u(1, marker), u(10, 20), '0'], // bit_rate_value, marker_bit, vbv_buffer_size_value, constrained_...
      ...[matrices[0] ? '1' + matrix : '0', matrices[1] ? '1' + matrix : '0'],
    ),
  ];
}

interface ExtensionFields {
  readonly id?: number;
  readonly progressive?: number;
  readonly wider?: number;
  readonly higher?: number;
  readonly n?: number;
  readonly d?: number;
}

/** sequence_extension(). */
function extension({ id = 1, progressive = 1, wider = 0, higher = 0, n = 0, d = 0 }: ExtensionFields = {}): number[] {
  return [
    ...[0, 0, 1, 0xb5],
    ...bytesOf(
      ...[u(4, id), u(8, 0x48), u(1, progressive), u(2, 1)], // ..., profile_and_level_indication, ..., chroma_format
      ...[u(2, wider), u(2, higher), u(12, 0), '1', u(8, 0)], // ..., bit_rate_extension, marker_bit, vbv_buffer_size_extension
      ...['0', u(2, n), u(5, d)], // low_delay, frame_rate_extension_n, frame_rate_extension_d
    ),
  ];
}
const group = [0, 0, 1, 0xb8, 0, 8, 0, 0];

function read(bytes: readonly number[]) {
  const found = noParameters();
  const told = readMpegVideo(Uint8Array.from(bytes), 0, bytes.length, found);
  const { codec, width, height, frameRate, mayBeFields } = found;
  return told === true ? { codec, width, height, frameRate, mayBeFields } : told;
}

describe('readMpegVideo', () => {
  it('recognizes MPEG-1 by the missing extension', () => {
    const expected = { codec: 'mpeg1video', width: 640, height: 480, frameRate: 25, mayBeFields: false };
    expect(read([...header(), ...group])).to.deep.equal(expected);
  });

  it('recognizes MPEG-2 by its extension, and fields by progressive_sequence', () => {
    expect(read([...header(), ...extension()])).to.include({ codec: 'mpeg2video', mayBeFields: false });
    expect(read([...header(), ...extension({ progressive: 0 })])).to.include({ frameRate: 25, mayBeFields: true });
  });

  it('supports every frame_rate_code', () => {
    const rates = [1, 2, 3, 4, 5, 6, 7, 8].map((rate) => read([...header({ rate }), ...group]));
    const expected = [23.976, 24, 25, 29.97, 30, 50, 59.94, 60];
    expect(rates.map((one) => (one ? one.frameRate : one))).to.deep.equal(expected);
  });

  it('applies the extension: size, and the rate times n+1 by d+1', () => {
    const big = read([
      ...header({ width: 0xff0, height: 0x100, rate: 5 }),
      ...extension({ wider: 1, higher: 2, n: 1, d: 3 }),
    ]);
    expect(big).to.include({ width: 0x1ff0, height: 0x2100, frameRate: 15 });
  });

  it('reads on after quantiser matrices', () => {
    for (const matrices of [
      [true, false],
      [false, true],
      [true, true],
    ] as const) {
      expect(read([...header({ matrices }), ...extension()]), String(matrices)).to.include({
        codec: 'mpeg2video',
        width: 640,
      });
    }
  });

  it('asks for more bytes until it is clear which of the two it is', () => {
    const whole = [...header({ matrices: [true, true] }), ...extension()];
    for (let length = 0; length < whole.length; length++) {
      expect(read(whole.slice(0, length)), `${length} bytes`).to.be.undefined;
    }
    expect(read(whole)).to.be.an('object');
  });

  it('reads nothing from a picture without a header, nor from invalid data', () => {
    expect(read(group)).to.be.false;
    expect(read([...header({ marker: 0 }), ...group])).to.be.false;
    expect(read([...header({ rate: 0 }), ...group])).to.be.false;
    expect(read([...header({ rate: 9 }), ...group])).to.be.false;
    expect(read([...header({ width: 0 }), ...group])).to.be.false;
    expect(read([...header(), ...extension({ id: 2 })])).to.be.false;
  });
});
