// WebSocket frames as a client sends them. RFC 6455 §5.2, §5.3.

import { randomFillSync } from 'node:crypto';
import { maskInto } from './mask.js';
import type { Message } from './message.js';

export const OPCODE_TEXT = 0x1;
export const OPCODE_BINARY = 0x2;

// Masking keys must not be guessable (RFC 6455 §5.3): they are drawn from the system, many at a time.
const keys = new Uint32Array(1024);
let keysUsed = keys.length;

function nextKey(): number {
  if (keysUsed === keys.length) {
    randomFillSync(keys);
    keysUsed = 0;
  }
  return keys[keysUsed++]!;
}

/** A whole message in one masked frame, FIN set (RFC 6455 §5.2), in memory of its own. */
export function buildMaskedFrame(opcode: number, payload: Uint8Array, key: number = nextKey()): Buffer {
  const frame = Buffer.allocUnsafeSlow(frameBytes(payload.length));
  writeMaskedFrame(frame, opcode, payload, key);
  return frame;
}

/** Bytes of a masked frame: header, key and payload. */
function frameBytes(payloadBytes: number): number {
  return payloadBytes + (payloadBytes < 126 ? 6 : payloadBytes < 65536 ? 8 : 14);
}

function writeMaskedFrame(frame: Buffer, opcode: number, payload: Uint8Array, key: number): void {
  const bytes = payload.length;
  const headerBytes = frameBytes(bytes) - bytes;
  frame[0] = 0x80 | opcode; // FIN, opcode
  if (bytes < 126) {
    frame[1] = 0x80 | bytes; // MASK, Payload length
  } else if (bytes < 65536) {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(bytes, 2); // Extended payload length
  } else {
    frame[1] = 0x80 | 127;
    frame.writeUInt32BE(Math.floor(bytes / 2 ** 32), 2);
    frame.writeUInt32BE(bytes % 2 ** 32, 6);
  }
  frame.writeUInt32LE(key, headerBytes - 4); // Masking-key
  maskInto(frame, headerBytes, payload, key);
}

/** A read's 64 KiB and what was left of the one before; longer frames get memory of their own. */
const SHARED_BYTES = 1 << 17;

/**
 * Builds the frame of a message once for all links that take it, one message after the other, as they are handed round.
 * The frame stands in memory that the next message's is written over: most are with the system when `write` returns.
 */
class FramePress {
  #shared = Buffer.allocUnsafeSlow(SHARED_BYTES);
  #message: Message | null = null;
  #frame = this.#shared;
  #isOwn = false;

  /** The frame of `message`, good until the next message's is asked for. */
  lend(message: Message): Buffer {
    if (message !== this.#message) this.#build(message, frameBytes(message.data.length) > SHARED_BYTES);
    return this.#frame;
  }

  /** The frame of `message` in memory of its own, for a link that has others waiting before it. */
  give(message: Message): Buffer {
    if (message !== this.#message || !this.#isOwn) this.#build(message, true);
    return this.#frame;
  }

  /** A link could not pass the lent frame on at once: its memory is not used again. */
  leave(): void {
    if (!this.#isOwn) this.#shared = Buffer.allocUnsafeSlow(SHARED_BYTES);
    this.#isOwn = true;
  }

  #build(message: Message, isOwn: boolean): void {
    const bytes = frameBytes(message.data.length);
    this.#message = message;
    this.#isOwn = isOwn;
    this.#frame = isOwn ? Buffer.allocUnsafeSlow(bytes) : this.#shared.subarray(0, bytes);
    writeMaskedFrame(this.#frame, message.kind === 'text' ? OPCODE_TEXT : OPCODE_BINARY, message.data, nextKey());
  }
}

/** The one press: messages are handed round one at a time. */
export const framePress = new FramePress();
