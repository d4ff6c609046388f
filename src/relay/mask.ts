// XORs a WebSocket payload with its masking key, 16 bytes at a time, in the memory of a WebAssembly module of ten
// instructions: masking is the hot cost of a WebSocket client. RFC 6455 §5.3. Frames that are passed on at once are built
// and masked in that memory, where they are read from; others are copied in and out.

// The part of the WebAssembly interface used here; TypeScript declares it among the browser's only.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Record<string, unknown> };
};

/** Payload bytes that fit into a {@link maskingPlace}; longer ones are masked in pieces. */
export const PLACE_BYTES = 1 << 17;
/** Room in front of a payload: for the longest header of a frame (RFC 6455 §5.2), and a round number. */
export const PLACE_HEADROOM = 16;
/** From one place to the next: what is masked beyond a payload's end, up to a multiple of 16, is nobody's. */
const PLACE_STRIDE = PLACE_HEADROOM + PLACE_BYTES + 16;
/** How many places there are for frames. The one behind them is {@link maskInto}'s. */
export const PLACES = 8;

const kernel = instantiate();
const window = kernel.memory.subarray(PLACES * PLACE_STRIDE + PLACE_HEADROOM, (PLACES + 1) * PLACE_STRIDE - 16);

/** Memory in which {@link maskPlace} masks: headroom and payload. */
export function maskingPlace(number: number): Buffer {
  const { buffer } = kernel.memory;
  return Buffer.from(buffer, number * PLACE_STRIDE, PLACE_HEADROOM + PLACE_BYTES);
}

/** XORs the first `bytes` bytes of the payload in a place with `key`: see {@link maskInto}. */
export function maskPlace(number: number, bytes: number, key: number): void {
  const from = number * PLACE_STRIDE + PLACE_HEADROOM;
  kernel.xor(from, from + bytes, key);
}

/**
 * Writes `payload` XORed with `key` to `out` at `at`. `key` is the masking key as a little-endian 32-bit number:
 * its lowest byte masks the first byte of the payload.
 */
export function maskInto(out: Uint8Array, at: number, payload: Uint8Array, key: number): void {
  for (let from = 0; from < payload.length; from += PLACE_BYTES) {
    const piece = from === 0 && payload.length <= PLACE_BYTES ? payload : payload.subarray(from, from + PLACE_BYTES);
    window.set(piece);
    maskPlace(PLACES, piece.length, key); // PLACE_BYTES is a multiple of 4: each piece begins with the key's first byte
    out.set(window.subarray(0, piece.length), at + from);
  }
}

function instantiate(): { memory: Uint8Array; xor: (from: number, to: number, key: number) => void } {
  // (func (param $at i32) (param $end i32) (param $key i32) (local $keys v128)
  //   i32x4.splat $key; loop: mem[at] = mem[at] ^ keys; at += 16; while at < end)
  const body = [
    ...[0x01, 0x01, 0x7b], // locals: a v128
    ...[0x20, 0x02, 0xfd, 0x11, 0x21, 0x03], // keys = i32x4.splat(key)
    ...[0x03, 0x40], // loop
    ...[0x20, 0x00, 0x20, 0x00, 0xfd, 0x00, 0x04, 0x00], // at; v128.load(at)
    ...[0x20, 0x03, 0xfd, 0x51, 0xfd, 0x0b, 0x04, 0x00], // v128.xor keys; v128.store
    ...[0x20, 0x00, 0x41, 0x10, 0x6a, 0x22, 0x00], // at += 16
    ...[0x20, 0x01, 0x49, 0x0d, 0x00, 0x0b, 0x0b], // br_if at <u end; end; end
  ];
  const pages = Math.ceil(((PLACES + 1) * PLACE_STRIDE) / 65536);
  const module = [
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version
    ...[0x01, 0x07, 0x01, 0x60, 0x03, 0x7f, 0x7f, 0x7f, 0x00], // type 0: (i32, i32, i32) -> ()
    ...[0x03, 0x02, 0x01, 0x00], // function 0: type 0
    ...[0x05, 0x03, 0x01, 0x00, pages], // memory 0
    ...[0x07, 0x09, 0x02, 0x01, 0x6d, 0x02, 0x00, 0x01, 0x78, 0x00, 0x00], // exports: m, x
    ...[0x0a, body.length + 2, 0x01, body.length, ...body],
  ];
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(module)));
  const memory = exports.m as { buffer: ArrayBuffer }; // as the module above says
  return {
    memory: new Uint8Array(memory.buffer),
    xor: exports.x as (from: number, to: number, key: number) => void,
  };
}
