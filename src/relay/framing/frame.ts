// Builds WebSocket frames: masked ones, as a client sends, and unmasked ones, as a server sends. RFC 6455 §5.1, §5.2, §5.3.

import { randomFillSync } from 'node:crypto';
import { maskingSlot, maskInto, maskSlot, SLOT_BYTES, SLOT_HEADROOM, SLOT_COUNT } from './mask.js';
import type { Message } from '../message.js';

export const OPCODE_TEXT = 0x1;
export const OPCODE_BINARY = 0x2;

// Masking keys must be unpredictable (RFC 6455 §5.3): they come from the system's random source, many at a time.
const keys = new Uint32Array(1024);
let keysUsed = keys.length;

function nextKey(): number {
  if (keysUsed === keys.length) {
    randomFillSync(keys);
    keysUsed = 0;
  }
  return keys[keysUsed++]!;
}

/** A whole message in one masked frame, FIN set (RFC 6455 §5.2), in its own memory. */
export function buildMaskedFrame(opcode: number, payload: Uint8Array, key: number = nextKey()): Buffer {
  const frame = Buffer.allocUnsafeSlow(frameBytes(payload.length) + KEY_BYTES);
  writeMaskedFrame(frame, opcode, payload, key);
  return frame;
}

/** Of a frame that is not masked. */
const MAX_HEADER_BYTES = 10;
/** The masking key of a client's frame. */
const KEY_BYTES = 4;

function opcodeOf({ kind }: Message): number {
  return kind === 'text' ? OPCODE_TEXT : OPCODE_BINARY;
}

/** The bytes of a frame that is not masked: header and payload. */
function frameBytes(payloadBytes: number): number {
  return payloadBytes + (payloadBytes < 126 ? 2 : payloadBytes < 65536 ? 4 : 10);
}

/** Writes a frame's header without the key; returns its length. `mask` is the MASK bit. */
function writeHeader(frame: Buffer, opcode: number, bytes: number, mask: 0 | 0x80): number {
  frame[0] = 0x80 | opcode; // FIN, opcode
  if (bytes < 126) {
    frame[1] = mask | bytes; // MASK, Payload length
    return 2;
  }
  if (bytes < 65536) {
    frame[1] = mask | 126;
    frame.writeUInt16BE(bytes, 2); // Extended payload length
    return 4;
  }
  frame[1] = mask | 127;
  frame.writeUInt32BE(Math.floor(bytes / 2 ** 32), 2);
  frame.writeUInt32BE(bytes % 2 ** 32, 6);
  return 10;
}

/** As {@link writeHeader}, with the key. */
function writeMaskedHeader(frame: Buffer, opcode: number, bytes: number, key: number): number {
  return frame.writeUInt32LE(key, writeHeader(frame, opcode, bytes, 0x80)); // Masking-key
}

function writeMaskedFrame(frame: Buffer, opcode: number, payload: Uint8Array, key: number): void {
  maskInto(frame, writeMaskedHeader(frame, opcode, payload.length, key), payload, key);
}

/** A server does not mask (RFC 6455 §5.1). */
function writePlainFrame(frame: Buffer, opcode: number, payload: Uint8Array): void {
  frame.set(payload, writeHeader(frame, opcode, payload.length, 0));
}

/** Whose frames they are: a client masks, a server does not (RFC 6455 §5.1). */
type FrameSender = 'client' | 'server';

/** What sends frames: a socket. */
export interface FrameSink {
  /** Bytes written that the system has not taken yet. */
  readonly writableLength: number;
  /** Bytes written so far. */
  readonly bytesWritten: number;
  readonly destroyed: boolean;
}

/** Reusable memory for one frame: holds a read of 64 KiB and the remainder of the previous one, but no longer message. */
class FrameSlot {
  /** {@link SLOT_HEADROOM}, and the payload. */
  readonly bytes: Buffer;
  /** The sockets that still read from it, each with its `bytesWritten` at the end of the frame. */
  #readers: readonly { readonly frameSink: FrameSink; readonly end: number }[] = [];

  constructor(
    readonly number: number,
    sender: FrameSender,
  ) {
    this.bytes = sender === 'client' ? maskingSlot(number) : Buffer.allocUnsafeSlow(SLOT_HEADROOM + SLOT_BYTES);
  }

  /** Whether no socket reads from it any more. */
  get isFree(): boolean {
    if (this.#readers.length === 0) return true;
    this.#readers = this.#readers.filter(({ frameSink, end }) => {
      return !frameSink.destroyed && frameSink.bytesWritten - frameSink.writableLength < end;
    });
    return this.#readers.length === 0;
  }

  /** Keeps the frame, which was just written to `frameSink`, until that has sent it. */
  retain(frameSink: FrameSink): void {
    this.#readers = [...this.#readers, { frameSink, end: frameSink.bytesWritten }];
  }
}

/**
 * Builds the frame of each message once for all of its readers, in the order in which messages are distributed.
 * The next message's frame reuses the memory: the system has usually taken a frame when `write` returns.
 */
export class FrameBuilder {
  readonly #slots: FrameSlot[] = [];
  #slot: FrameSlot;
  #message: Message | null = null;
  #frame: Buffer;
  #isOwn = false;
  readonly #sender: FrameSender;

  constructor(sender: FrameSender) {
    this.#sender = sender;
    this.#slot = new FrameSlot(0, sender);
    this.#slots.push(this.#slot);
    this.#frame = this.#slot.bytes;
  }

  /** Whether its frames are masked, as a client's are. */
  get isMasked(): boolean {
    return this.#sender === 'client';
  }

  /** The frame of `message` in shared memory, valid until the next message's is built. */
  shared(message: Message): Buffer {
    if (message === this.#message) return this.#frame;
    if (message.data.length > SLOT_BYTES || !this.#findSlot()) this.#buildOwn(message);
    else this.#buildShared(message);
    return this.#frame;
  }

  /** The frame of `message` in its own memory, for a link that has other frames queued before it. */
  owned(message: Message): Buffer {
    if (message !== this.#message || !this.#isOwn) this.#buildOwn(message);
    return this.#frame;
  }

  /** The header of the frame of `message`, which is not masked: the payload can be sent from where it is. */
  header(message: Message): Buffer {
    const header = Buffer.allocUnsafe(MAX_HEADER_BYTES);
    return header.subarray(0, writeHeader(header, opcodeOf(message), message.data.length, 0));
  }

  /** `frameSink` could not send the shared frame at once: keeps that unchanged until it has been sent. */
  retain(frameSink: FrameSink): void {
    if (!this.#isOwn) this.#slot.retain(frameSink);
  }

  /** Selects memory for the next frame; false if all of it is in use. */
  #findSlot(): boolean {
    if (this.#slot.number === 0 && this.#slot.isFree) return true; // nearly always
    let place = this.#slots.find((one) => one.isFree);
    if (!place) {
      if (this.#slots.length === SLOT_COUNT) return false;
      place = new FrameSlot(this.#slots.length, this.#sender);
      this.#slots.push(place);
    }
    this.#slot = place;
    return true;
  }

  #buildOwn(message: Message): void {
    const { data } = message;
    this.#message = message;
    this.#isOwn = true;
    const opcode = opcodeOf(message);
    if (this.isMasked) this.#frame = buildMaskedFrame(opcode, data);
    else {
      this.#frame = Buffer.allocUnsafeSlow(frameBytes(data.length));
      writePlainFrame(this.#frame, opcode, data);
    }
  }

  #buildShared(message: Message): void {
    const { data } = message;
    this.#message = message;
    this.#isOwn = false;
    const opcode = opcodeOf(message);
    const { bytes, number } = this.#slot;
    const payloadEnd = SLOT_HEADROOM + data.length;
    const frameStart = payloadEnd - frameBytes(data.length);
    if (!this.isMasked) {
      this.#frame = bytes.subarray(frameStart, payloadEnd);
      writePlainFrame(this.#frame, opcode, data);
      return;
    }
    this.#frame = bytes.subarray(frameStart - KEY_BYTES, payloadEnd);
    const key = nextKey();
    writeMaskedHeader(this.#frame, opcode, data.length, key);
    bytes.set(data, SLOT_HEADROOM);
    maskSlot(number, data.length, key);
  }
}

/** For links to endpoints, which are clients; one is enough, because messages are distributed one at a time. */
export const frameBuilder = new FrameBuilder('client');
/** For clients that connect to us. */
export const serverFrameBuilder = new FrameBuilder('server');
