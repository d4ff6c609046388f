// CRC-32 of PSI sections. Pure. ISO/IEC 13818-1 Annex A: polynomial 0x04C11DB7, all ones first, not reflected.

const TABLE = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let remainder = byte << 24;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 0x80000000 ? (remainder << 1) ^ 0x04c11db7 : remainder << 1;
  TABLE[byte] = remainder;
}

/** CRC_32 of `data` from `from` up to `to`, unsigned. Over a section with its own CRC_32 the result is 0. */
export function crc32(data: Uint8Array, from = 0, to = data.length): number {
  let crc = 0xffffffff;
  for (let i = from; i < to; i++) crc = (crc << 8) ^ TABLE[(crc >>> 24) ^ data[i]!]!;
  return crc >>> 0;
}
