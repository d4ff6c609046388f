// A capture whose parameter sets are sent once: those of all pictures but the first are made something that decoders pass over.

const HIDDEN: Readonly<Record<number, (code: number) => number | null>> = {
  // SPS and PPS: filler data
  0x1b: (code) => ([7, 8].includes(code & 0x1f) ? 0x0c : null),
  // VPS, SPS and PPS: filler data
  0x24: (code) => ([32, 33, 34].includes((code >> 1) & 0x3f) ? 38 << 1 : null),
  // sequence header, and its extensions as long as no picture has begun: user data
  0x02: (code) => (code === 0xb3 || code === 0xb5 ? 0xb2 : null),
  // visual object sequence, visual object, video object, its layer: user data
  0x10: (code) => (code === 0xb0 || code === 0xb5 || code < 0x30 ? 0xb2 : null),
};
const FIRST_PICTURE: Readonly<Record<number, (code: number) => boolean>> = {
  0x1b: (code) => [1, 5].includes(code & 0x1f),
  0x24: (code) => ((code >> 1) & 0x3f) < 32,
  0x02: (code) => code === 0x00,
  0x10: (code) => code === 0xb6,
};

/** The transport stream with the parameter sets of the video track `pid` in its first picture alone. */
export function withSetsOnce(bytes: Buffer, pid: number, streamType: number): Buffer {
  const out = Buffer.from(bytes);
  const hide = HIDDEN[streamType]!;
  const isPicture = FIRST_PICTURE[streamType]!;
  let units = 0;
  let before = 0xffffffff; // the last four bytes
  let isOver = true;
  for (let at = 0; at < out.length; at += 188) {
    if ((out.readUInt16BE(at + 1) & 0x1fff) !== pid || !(out[at + 3]! & 0x10)) continue;
    let from = at + (out[at + 3]! & 0x20 ? 5 + out[at + 4]! : 4);
    if (out[at + 1]! & 0x40) {
      units++;
      isOver = false;
      before = 0xffffffff;
      from += 9 + out[from + 8]!; // the PES header
    }
    for (let i = from; i < at + 188 && !isOver; i++) {
      const code = out[i]!;
      if ((before & 0xffffff) === 1) {
        isOver = isPicture(code);
        const hidden = units > 1 && !isOver ? hide(code) : null;
        if (hidden !== null) out[i] = hidden;
      }
      before = (before << 8) | out[i]! | 0;
    }
  }
  return out;
}
