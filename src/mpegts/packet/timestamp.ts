// Timestamps of a transport stream: PTS and DTS in PES headers, the PCR in adaptation fields, and their wrap-around.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.5 (PCR), §2.4.3.7 (PTS, DTS).

/** Ticks of the 90 kHz clock in a millisecond. */
export const TICKS_PER_MS = 90;
/** PTS, DTS and program_clock_reference_base have 33 bits: they wrap after 26.5 hours. */
export const TIMESTAMP_RANGE = 2 ** 33;
/**
 * Zero, for a field that will hold fractions. V8 stores 0 as an integer: with the first fraction, the object gets another
 * hidden class, and all code compiled for the previous one is discarded.
 */
export const ZERO = -0;
/** 27 MHz ticks in one of 90 kHz: the range of program_clock_reference_extension. */
const EXTENSION_RANGE = 300;

/** Reads the 33-bit PTS or DTS in the five bytes at `at`, in 90 kHz ticks (§2.4.3.7). */
export function readTimestamp(data: Uint8Array, at: number): number {
  const low = (data[at + 1]! << 22) | ((data[at + 2]! & 0xfe) << 14) | (data[at + 3]! << 7) | (data[at + 4]! >> 1);
  return (data[at]! & 0x0e) * 0x20000000 + low; // bits 32..30 are in bits 3..1 of the first byte
}

/** Writes `ticks` (any integer, wrapped here) into the five bytes at `at`; the four prefix bits are kept. */
export function writeTimestamp(data: Uint8Array, at: number, ticks: number): void {
  const wrapped = wrapTicks(ticks);
  const low = wrapped % 0x40000000;
  data[at] = (data[at]! & 0xf0) | (Math.floor(wrapped / 0x40000000) << 1) | 0x01; // bits 32..30, marker_bit
  data[at + 1] = low >> 22; // bits 29..22
  data[at + 2] = (low >> 14) | 0x01; // bits 21..15, marker_bit
  data[at + 3] = low >> 7; // bits 14..7
  data[at + 4] = (low << 1) | 0x01; // bits 6..0, marker_bit
}

/** Reads the PCR of the packet at `at` (PCR_flag must be set), in 90 kHz ticks with a fraction of 300ths (§2.4.3.5). */
export function readPcr(data: Uint8Array, at: number): number {
  const low = (data[at + 7]! << 17) | (data[at + 8]! << 9) | (data[at + 9]! << 1) | (data[at + 10]! >> 7);
  const extension = ((data[at + 10]! & 0x01) << 8) | data[at + 11]!;
  return data[at + 6]! * 0x2000000 + low + extension / EXTENSION_RANGE;
}

/** Writes the PCR of the packet at `at`, in 90 kHz ticks (any number, wrapped here) with a fraction. */
export function writePcr(data: Uint8Array, at: number, ticks: number): void {
  const wrapped = wrapTicks(Math.round(ticks * EXTENSION_RANGE) / EXTENSION_RANGE);
  const base = Math.floor(wrapped + 1e-6);
  const extension = Math.max(0, Math.round((wrapped - base) * EXTENSION_RANGE));
  const low = base % 0x2000000;
  data[at + 6] = Math.floor(base / 0x2000000); // program_clock_reference_base, bits 32..25
  data[at + 7] = low >> 17; // bits 24..17
  data[at + 8] = low >> 9; // bits 16..9
  data[at + 9] = low >> 1; // bits 8..1
  data[at + 10] = ((low & 1) << 7) | 0x7e | (extension >> 8); // bit 0, reserved, extension bit 8
  data[at + 11] = extension & 0xff; // program_clock_reference_extension
}

/** `ticks` modulo 2^33, not negative. */
export function wrapTicks(ticks: number): number {
  const rest = ticks % TIMESTAMP_RANGE;
  return rest < 0 ? rest + TIMESTAMP_RANGE : rest;
}

/** How far `a` is after `b` modulo 2^33 ticks; negative if it is before. */
export function ticksAfter(a: number, b: number): number {
  return wrapTicks(a - b + TIMESTAMP_RANGE / 2) - TIMESTAMP_RANGE / 2;
}
