// XORs a WebSocket payload with its masking key, 16 bytes at a time, in the memory of a WebAssembly module (mask.wat):
// masking is the hot cost of a WebSocket client, and in JavaScript it costs 3 % of a relayed message of 10 kB, and 10 % of
// one of 64 kB. RFC 6455 §5.3. Frames that are sent at once are built, masked and read in that memory; others are copied in
// and out.

import { readFileSync } from 'node:fs';
import { builtFile } from '../../built-file.js';

// The part of the WebAssembly interface used here; TypeScript declares it among the browser's only.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
};

/** Payload bytes that fit into a {@link maskingSlot}; longer payloads are masked in pieces. */
export const SLOT_BYTES = 1 << 17;
/** Space before a payload: the longest frame header (RFC 6455 §5.2), rounded up. */
export const SLOT_HEADROOM = 16;
/** From one slot to the next: masking writes beyond the payload, up to a multiple of 16, and those bytes are unused. */
const SLOT_STRIDE = SLOT_HEADROOM + SLOT_BYTES + 16;
/** How many slots there are for frames. One more behind them is used by {@link maskInto}. */
export const SLOT_COUNT = 8;

const memory = new WebAssembly.Memory({ initial: Math.ceil(((SLOT_COUNT + 1) * SLOT_STRIDE) / 65536) });
const words = new Uint32Array(memory.buffer);
/** XORs the bytes from `from`, a multiple of 16, up to `to`, and up to 15 bytes beyond. */
type Xor = (from: number, to: number, key: number) => void;
/** `null` if WebAssembly has no SIMD here, or if the program was not built. */
const wasmXor = loadXor();
const xor = wasmXor ?? xorWords;
const window = new Uint8Array(memory.buffer).subarray(
  SLOT_COUNT * SLOT_STRIDE + SLOT_HEADROOM,
  (SLOT_COUNT + 1) * SLOT_STRIDE - 16,
);

/** Whether WebAssembly is used. */
export const masksByWebAssembly = wasmXor !== null;

/** The memory of a slot: headroom and payload. */
export function maskingSlot(number: number): Buffer {
  return Buffer.from(memory.buffer, number * SLOT_STRIDE, SLOT_HEADROOM + SLOT_BYTES);
}

/** XORs the first `bytes` bytes of the payload in a slot with `key`: see {@link maskInto}. */
export function maskSlot(number: number, bytes: number, key: number): void {
  const from = number * SLOT_STRIDE + SLOT_HEADROOM;
  xor(from, from + bytes, key);
}

/**
 * Writes `payload` XORed with `key` to `out` at `at`. `key` is the masking key as a little-endian 32-bit number:
 * its lowest byte masks the first byte of the payload.
 */
export function maskInto(out: Uint8Array, at: number, payload: Uint8Array, key: number): void {
  for (let from = 0; from < payload.length; from += SLOT_BYTES) {
    const piece = from === 0 && payload.length <= SLOT_BYTES ? payload : payload.subarray(from, from + SLOT_BYTES);
    window.set(piece);
    maskSlot(SLOT_COUNT, piece.length, key); // SLOT_BYTES is a multiple of 4: each piece starts at the key's first byte
    out.set(window.subarray(0, piece.length), at + from);
  }
}

function loadXor(): Xor | null {
  try {
    const module = new WebAssembly.Module(readFileSync(builtFile('mask.wasm')));
    return new WebAssembly.Instance(module, { mask: { memory } }).exports.xor as Xor; // its type in mask.wat
  } catch {
    return null;
  }
}

/** The same without WebAssembly. */
export function xorWords(from: number, to: number, key: number): void {
  for (let i = from >> 2; i << 2 < to; i++) words[i] = words[i]! ^ key;
}
