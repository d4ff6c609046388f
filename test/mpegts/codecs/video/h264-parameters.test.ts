import { expect } from 'chai';
import { readH264 } from '../../../../src/mpegts/codecs/video/h264-parameters.js';
import { noParameters } from '../../../../src/mpegts/codecs/parameters.js';
import { nal, se, u, ue } from '../../../support/mpegts/bits.js';

interface Fields {
  readonly profile?: number;
  /** The fields after seq_parameter_set_id in the high profiles. */
  readonly chroma?: string;
  readonly order?: string;
  readonly columns?: number;
  readonly rows?: number;
  readonly frames?: boolean;
  readonly crop?: readonly [number, number, number, number];
  /** vui_parameters(). */
  readonly vui?: string;
}

/** seq_parameter_set_rbsp() of Baseline, 320x240, unless specified otherwise. */
function sps({
  profile = 66,
  chroma = '',
  order = ue(2),
  columns = 20,
  rows = 15,
  frames = true,
  crop,
  vui,
}: Fields): number[] {
  return nal(
    [0x67],
    ...[u(8, profile), u(8, 0xc0), u(8, 30), ue(0), chroma], // profile_idc, constraints, level_idc, seq_parameter_set_id
    ...[ue(0), order, ue(1), '0'], // log2_max_frame_num_minus4, pic_order_cnt_type, max_num_ref_frames, gaps_...
    ...[ue(columns - 1), ue(rows - 1), frames ? '1' : '0' + '1', '1'], // ..., frame_mbs_only_flag, direct_8x8_inference_flag
    crop ? '1' + crop.map(ue).join('') : '0', // frame_cropping_flag
    vui === undefined ? '0' : '1' + vui, // vui_parameters_present_flag
  );
}

/** vui_parameters() with only a rate. */
const timing = (ticks: number, scale: number) => '0000' + '1' + u(32, ticks) + u(32, scale) + '1' + '0000';
/** chroma_format_idc, bit depths, transform bypass, and no scaling matrix. */
const format = (idc: number) => ue(idc) + ue(0) + ue(0) + '0' + '0';
const pps = nal([0x68], ue(0), ue(0));
const aud = nal([0x09], '111');
const slice = nal([0x41], ue(0), ue(5));

function read(...units: readonly (readonly number[])[]) {
  const bytes = Uint8Array.from(units.flat());
  const found = noParameters();
  const told = readH264(bytes, 0, bytes.length, found);
  const { width, height, frameRate, mayBeFields } = found;
  return told === true ? { width, height, frameRate, mayBeFields } : told;
}

describe('readH264', () => {
  it('reads the size, and no rate without a VUI', () => {
    expect(read(sps({}), pps)).to.deep.equal({ width: 320, height: 240, frameRate: null, mayBeFields: false });
  });

  it('reads a literal SPS of High profile: 1920x1080, cropped from 1088, emulation prevention in its time_scale', () => {
    const bytes = '00000001 67640028acd940780227e5c0440000030004000003 00f03c60c658 00000001 68ebe3cb22c0';
    const literal = [...Buffer.from(bytes.replace(/ /g, ''), 'hex')];
    expect(read(literal)).to.include({ width: 1920, height: 1080, frameRate: 30 });
  });

  it('crops in chroma units, of twice the height with fields', () => {
    const crop = [1, 2, 3, 4] as const; // left, right, top, bottom
    const sizes = [
      sps({ crop }),
      sps({ crop, profile: 100, chroma: format(0) }), // monochrome
      sps({ crop, profile: 100, chroma: format(1) }), // 4:2:0
      sps({ crop, profile: 122, chroma: format(2) }), // 4:2:2
      sps({ crop, profile: 244, chroma: ue(3) + '0' + ue(0) + ue(0) + '00' }), // 4:4:4
      sps({ crop, profile: 244, chroma: ue(3) + '1' + ue(0) + ue(0) + '00' }), // 4:4:4, separate_colour_plane_flag
      sps({ crop, frames: false }),
    ].map((unit) => read(unit));
    expect(sizes.map((one) => one && [one.width, one.height])).to.deep.equal([
      ...[[314, 226], [317, 233], [314, 226], [314, 233], [317, 233], [317, 233], [314, 452]], // prettier-ignore
    ]);
  });

  it('treats a tick as a field, also without fields', () => {
    expect(read(sps({ vui: timing(1, 50) }))).to.include({ frameRate: 25, mayBeFields: false });
    expect(read(sps({ vui: timing(1001, 60000), frames: false }))).to.include({ frameRate: 29.97, mayBeFields: true });
  });

  it('reports no implausible rate: clock ticks, or none', () => {
    expect(read(sps({ vui: timing(1, 180000) }))).to.include({ width: 320, frameRate: null });
    expect(read(sps({ vui: timing(0, 50) }))).to.include({ width: 320, frameRate: null });
    expect(read(sps({ vui: timing(50, 0) }))).to.include({ width: 320, frameRate: null });
  });

  it('finds the rate after all optional VUI fields', () => {
    const look = [
      ...['1' + u(8, 255) + u(16, 4) + u(16, 3), '1' + '1'], // aspect_ratio_idc Extended_SAR, overscan_info
      ...['1' + u(3, 5) + '0' + '1' + u(24, 0x010101), '1' + ue(2) + ue(2)], // video_signal_type, chroma_loc_info
    ].join('');
    expect(read(sps({ vui: look + timing(1, 60).slice(4) }))).to.include({ frameRate: 30 });
  });

  it('skips scaling matrices and every type of picture order', () => {
    const lists = ['1' + se(8).repeat(16), '1' + se(-8), '0', '0', '0', '0', '1' + se(1).repeat(64), '0'];
    const chroma = ue(1) + ue(0) + ue(0) + '0' + '1' + lists.join('');
    expect(read(sps({ profile: 100, chroma, vui: timing(1, 50) }))).to.include({ width: 320, frameRate: 25 });
    const cycle = ue(1) + '0' + se(-3) + se(2) + ue(3) + se(1) + se(-1) + se(0);
    for (const order of [ue(0) + ue(4), cycle]) {
      expect(read(sps({ order, vui: timing(1, 50) }))).to.include({ width: 320, frameRate: 25 });
    }
  });

  it('reads on after AUD and SEI, but not after a picture', () => {
    const sei = [0, 0, 1, 0x06, 0x05, 10, ...Array<number>(10).fill(0x67), 0x80];
    expect(read(aud, sei, [0], sps({}), pps)).to.include({ width: 320 });
    expect(read(aud, slice, sps({}))).to.be.false;
  });

  it('asks for more bytes until the SPS is complete, and never reports part of it', () => {
    const bytes = [...aud, ...sps({ crop: [0, 0, 0, 4], vui: timing(1, 50) })];
    const whole = read(bytes);
    expect(whole).to.include({ height: 232, frameRate: 25 });
    for (let length = 0; length < bytes.length; length++) {
      const told = read(bytes.slice(0, length));
      if (told !== undefined) expect(told, `${length} bytes`).to.deep.equal(whole);
    }
  });

  it('reads nothing from an invalid SPS', () => {
    expect(read(sps({ profile: 3 }), pps), 'profile').to.be.false;
    expect(read(sps({ order: ue(3) }), pps), 'pic_order_cnt_type').to.be.false;
    expect(read(sps({ columns: 2000 }), pps), 'width').to.be.false;
    expect(read(sps({ crop: [100, 100, 0, 0] }), pps), 'cropped to nothing').to.be.false;
    expect(read(sps({ vui: '0000' }).slice(0, 8), pps), 'cut off').to.be.false;
  });
});
