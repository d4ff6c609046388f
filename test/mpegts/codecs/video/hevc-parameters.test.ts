import { expect } from 'chai';
import { readHevc } from '../../../../src/mpegts/codecs/video/hevc-parameters.js';
import { noParameters } from '../../../../src/mpegts/codecs/parameters.js';
import { nal, se, u, ue } from '../../../support/mpegts/bits.js';

/** profile_tier_level(): Main, and these sub-layers. */
const profile = (subLayers: readonly (readonly [boolean, boolean])[] = []) =>
  [
    ...[u(8, 0x01), u(32, 0x60000000), u(32, 0x90000000), u(16, 0), u(8, 93)], // general_...
    ...subLayers.map(([hasProfile, hasLevel]) => (hasProfile ? '1' : '0') + (hasLevel ? '1' : '0')),
    subLayers.length > 0 ? '00'.repeat(8 - subLayers.length) : '',
    ...subLayers.map(([hasProfile, hasLevel]) => (hasProfile ? u(8, 1).repeat(11) : '') + (hasLevel ? u(8, 93) : '')),
  ].join('');
const timing = (ticks: number, scale: number) => '1' + u(32, ticks) + u(32, scale) + '0';
const header = (type: number, layer = 0) => [(type << 1) | (layer >> 5), ((layer & 31) << 3) | 1];

interface Fields {
  readonly layer?: number;
  readonly subLayers?: readonly (readonly [boolean, boolean])[];
  readonly chroma?: string;
  readonly width?: number;
  readonly height?: number;
  readonly window?: readonly [number, number, number, number];
  /** scaling_list_enabled_flag and the fields that depend on it. */
  readonly scaling?: string;
  /** pcm_enabled_flag and the fields that depend on it. */
  readonly pcm?: string;
  /** num_short_term_ref_pic_sets and the sets. */
  readonly references?: string;
  /** long_term_ref_pics_present_flag and the fields that depend on it. */
  readonly longTerm?: string;
  /** vui_parameters(). */
  readonly vui?: string;
}

/** seq_parameter_set_rbsp() of 1280x720, unless specified otherwise. */
function sps(fields: Fields): number[] {
  const { layer = 0, subLayers = [], chroma = ue(1), width = 1280, height = 720, window, vui } = fields;
  const { scaling = '0', pcm = '0', references = ue(0), longTerm = '0' } = fields;
  return nal(
    header(33, layer),
    ...[u(4, 0), u(3, subLayers.length), '1', profile(subLayers), ue(0), chroma, ue(width), ue(height)],
    window ? '1' + window.map(ue).join('') : '0', // conformance_window_flag
    ...[ue(0), ue(0), ue(4), '1', (ue(4) + ue(2) + ue(0)).repeat(subLayers.length + 1)], // depths, order, sub-layer ordering
    ...[ue(0), ue(3), ue(0), ue(3), ue(1), ue(1)], // block sizes
    ...[scaling, '0', '1', pcm, references, longTerm, '1', '1'],
    vui === undefined ? '0' : '1' + vui, // vui_parameters_present_flag
    '0', // sps_extension_present_flag
  );
}

/** vui_parameters() with only this timing. */
const vuiOf = (time: string) => '0000' + '000' + '0' + time + '0';

/** video_parameter_set_rbsp(). */
function vps(time: string, subLayers: readonly (readonly [boolean, boolean])[] = []): number[] {
  return nal(
    header(32),
    ...[u(4, 0), '11', u(6, 0), u(3, subLayers.length), '1', u(16, 0xffff), profile(subLayers)],
    ...['0', ue(4) + ue(2) + ue(0)], // sub_layer_ordering_info_present_flag: of the highest only
    ...[u(6, 1), ue(1), '11', time, '0'], // vps_max_layer_id, vps_num_layer_sets_minus1, layer_id_included_flag
  );
}

function read(...units: readonly (readonly number[])[]) {
  const bytes = Uint8Array.from(units.flat());
  const found = noParameters();
  const told = readHevc(bytes, 0, bytes.length, found);
  const { width, height, frameRate } = found;
  return told === true ? { width, height, frameRate } : told;
}

describe('readHevc', () => {
  it('reads the size, and no rate if there is none', () => {
    expect(read(vps('0'), sps({}))).to.deep.equal({ width: 1280, height: 720, frameRate: null });
  });

  it('reads the rate from the VUI, or else from the VPS', () => {
    expect(read(vps(timing(1, 60)), sps({ vui: vuiOf(timing(1001, 30000)) }))).to.include({ frameRate: 29.97 });
    expect(read(vps(timing(1, 50)), sps({}))).to.include({ frameRate: 50 });
    expect(read(vps(timing(1, 50)), sps({ vui: vuiOf(timing(0, 0)) }))).to.include({ frameRate: 50 });
  });

  it('crops to the conformance window, in chroma units', () => {
    const window = [1, 2, 3, 4] as const; // left, right, top, bottom
    const sizes = [ue(0), ue(1), ue(2), ue(3) + '0', ue(3) + '1'].map((chroma) => read(sps({ chroma, window })));
    expect(sizes.map((one) => one && [one.width, one.height])).to.deep.equal([
      ...[[1277, 713], [1274, 706], [1274, 713], [1277, 713], [1277, 713]], // prettier-ignore
    ]);
  });

  it('skips sub-layers, with and without a profile and a level', () => {
    const subLayers = [[true, true], [false, true], [true, false]] as const; // prettier-ignore
    const found = read(vps(timing(1, 50), subLayers), sps({ subLayers }));
    expect(found).to.deep.equal({ width: 1280, height: 720, frameRate: 50 });
  });

  it('skips all other fields before the VUI', () => {
    const vui = vuiOf(timing(1, 25));
    const list = (size: number) => '1' + (size > 1 ? se(4) : '') + se(-1).repeat(Math.min(64, 1 << (4 + 2 * size)));
    const lists = [0, 1, 2, 3].map((size) => (list(size) + '0' + ue(0)).repeat(size === 3 ? 1 : 3));
    const first = ue(2) + ue(1) + (ue(0) + '1').repeat(3); // num_negative_pics, num_positive_pics
    const second = '1' + '0' + ue(0) + '1' + '01' + '00' + '1'; // of 4, three are kept
    const third = '1' + '1' + ue(0) + '1111'; // of 3 and one
    for (const fields of [
      { scaling: '1' + '0' },
      { scaling: '1' + '1' + lists.join('') },
      { pcm: '1' + u(4, 7) + u(4, 7) + ue(0) + ue(1) + '0' },
      { references: ue(3) + first + second + third },
      { longTerm: '1' + ue(2) + (u(8, 9) + '1').repeat(2) },
    ]) {
      expect(read(sps({ ...fields, vui })), Object.keys(fields)[0]).to.include({ width: 1280, frameRate: 25 });
    }
  });

  it('skips parameter sets of other layers, and does not read on after a picture', () => {
    expect(read(sps({ layer: 1, width: 640 }), sps({}))).to.include({ width: 1280 });
    expect(read(nal(header(35), '000'), nal(header(1), '1'), sps({}))).to.be.false;
  });

  it('asks for more bytes until the SPS is complete, and never reports part of it', () => {
    const bytes = [...vps(timing(1, 50)), ...sps({ window: [0, 0, 0, 4], vui: vuiOf(timing(1, 25)) })];
    const whole = read(bytes);
    expect(whole).to.deep.equal({ width: 1280, height: 712, frameRate: 25 });
    for (let length = 0; length < bytes.length; length++) {
      const told = read(bytes.slice(0, length));
      if (told !== undefined) expect(told, `${length} bytes`).to.deep.equal(whole);
    }
  });

  it('reads nothing from an invalid SPS', () => {
    const pps = nal(header(34), ue(0));
    expect(read(sps({ chroma: ue(4) }), pps), 'chroma_format_idc').to.be.false;
    expect(read(sps({ width: 20000 }), pps), 'width').to.be.false;
    expect(read(sps({ window: [400, 400, 0, 0] }), pps), 'cut to nothing').to.be.false;
    expect(read(sps({ references: ue(65) }), pps), 'num_short_term_ref_pic_sets').to.be.false;
    expect(read(sps({}).slice(0, 24), pps), 'cut off').to.be.false;
  });
});
