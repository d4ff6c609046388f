// Headers written bit by bit, for tests that specify every bit.

/** u(n). */
export function u(bits: number, value: number): string {
  return value.toString(2).padStart(bits, '0');
}

/** ue(v). */
export function ue(value: number): string {
  const code = (value + 1).toString(2);
  return '0'.repeat(code.length - 1) + code;
}

/** se(v). */
export function se(value: number): string {
  return ue(value > 0 ? 2 * value - 1 : -2 * value);
}

/** The bits as bytes, padded with zeros. */
export function bytesOf(...bits: readonly string[]): number[] {
  const all = bits.join('').replace(/ /g, '');
  return (all.padEnd(Math.ceil(all.length / 8) * 8, '0').match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2));
}

/** A NAL unit with its start code, rbsp_stop_one_bit and emulation_prevention_three_byte. */
export function nal(header: readonly number[], ...bits: readonly string[]): number[] {
  const out: number[] = [0, 0, 1, ...header];
  let zeros = 0;
  for (const byte of bytesOf(...bits, '1')) {
    if (zeros >= 2 && byte <= 3) {
      out.push(3);
      zeros = 0;
    }
    out.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return out;
}
