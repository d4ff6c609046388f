// The PES packet header: whether it carries timestamps, and where.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.6, §2.4.3.7.

/** Bytes of a PES header up to PES_header_data_length. */
export const PES_FIXED_BYTES = 9;
/** Bytes up to the end of PTS and DTS: needed to rewrite both. */
export const PES_STAMPED_BYTES = 19;

// program_stream_map, padding_stream, private_stream_2, ECM, EMM, DSMCC, H.222.1 type E, program_stream_directory.
const STREAM_IDS_WITHOUT_HEADER = new Set([0xbc, 0xbe, 0xbf, 0xf0, 0xf1, 0xf2, 0xf8, 0xff]);

/** Whether there is a packet_start_code_prefix at `at`. */
export function startsPes(data: Uint8Array, at: number): boolean {
  return data[at] === 0 && data[at + 1] === 0 && data[at + 2] === 1;
}

/** Whether a PES packet with this stream_id has the optional header with flags and timestamps (table 2-21). */
export function hasPesHeader(streamId: number): boolean {
  return !STREAM_IDS_WITHOUT_HEADER.has(streamId);
}

/**
 * How many bytes from `at` on are needed to read the header's timestamps: 6, 9, 14 or 19. `bytes` is how many are
 * available: with fewer than 9, the result is at least 9 unless the stream_id has no optional header.
 */
export function pesBytesNeeded(data: Uint8Array, at: number, bytes: number): number {
  if (bytes < 4) return PES_FIXED_BYTES;
  if (!hasPesHeader(data[at + 3]!)) return 6;
  if (bytes < PES_FIXED_BYTES) return PES_FIXED_BYTES;
  const stamps = stampsOf(data, at);
  return PES_FIXED_BYTES + stamps * 5;
}

/** How many timestamps the header at `at` carries: 0, 1 (PTS) or 2 (PTS and DTS). Requires nine bytes. */
export function stampsOf(data: Uint8Array, at: number): 0 | 1 | 2 {
  if (!hasPesHeader(data[at + 3]!) || (data[at + 6]! & 0xc0) !== 0x80) return 0; // '10'
  const length = data[at + 8]!; // PES_header_data_length
  const flags = data[at + 7]! >> 6; // PTS_DTS_flags
  if (flags === 3 && length >= 10) return 2;
  return flags === 2 && length >= 5 ? 1 : 0;
}
