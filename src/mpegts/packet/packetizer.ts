// Finds packets in a byte stream, however it is split, and resynchronises after noise.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.2 (sync_byte).

import { PACKET_BYTES, PID_COUNT, readPid, SYNC } from './packet.js';

/**
 * Aligns bytes to whole transport packets. While in sync, every 188 bytes that begin with 0x47 are a packet and are passed
 * on at once; out of sync, a 0x47 counts only with another one 188 bytes later (and 376, if available).
 */
export class Packetizer {
  /** Bytes outside packets: noise, and the rest of a packet cut off at the end. */
  skippedBytes = 0;
  /** How often sync was lost. */
  resyncs = 0;

  readonly #rest = new Uint8Array(PACKET_BYTES); // an unfinished packet, or an unconfirmed one
  #restBytes = 0;
  #isSynchronized = true; // a source is assumed to begin with a packet until its first byte shows otherwise
  readonly #seenPids = new Uint8Array(PID_COUNT);

  /**
   * Takes the next bytes and returns the packets that they complete, `null` if none. The result is valid until the next
   * `push` or `flush` of any Packetizer: a view of `bytes`, or of memory that is reused. `headroom` is how many bytes
   * before `bytes` in its memory may be overwritten: the remainder of the previous packet is put there.
   */
  push(bytes: Uint8Array, headroom = 0): Uint8Array | null {
    if (bytes.length === 0) return null;
    const data = this.#restBytes > 0 ? join(this.#rest, this.#restBytes, bytes, headroom) : bytes;
    const length = data.length;
    const runs: number[] = []; // start and end of each run of packets
    let begin = 0;
    let at = 0;
    while (at < length) {
      if (!this.#isSynchronized) {
        const found = findSync(data, at);
        this.skippedBytes += found - at;
        begin = at = found;
        if (found + PACKET_BYTES >= length) break; // no further bytes to confirm it
        this.#isSynchronized = true;
      }
      while (at + PACKET_BYTES <= length && data[at] === SYNC && this.#isPacket(data, at)) {
        this.#seenPids[readPid(data, at)] = 1;
        at += PACKET_BYTES;
      }
      if (at > begin) runs.push(begin, at);
      begin = at;
      if (at === length || (data[at] === SYNC && at + PACKET_BYTES > length)) break;
      this.#isSynchronized = false;
      this.resyncs++;
      if (data[at] === SYNC) {
        this.skippedBytes++; // not a packet: search on after its first byte
        begin = ++at;
      }
    }
    this.#restBytes = length - at;
    if (at < length) this.#rest.set(data.subarray(at));
    if (runs.length === 0) return null;
    if (runs.length === 2) return runs[1]! - runs[0]! === length ? data : data.subarray(runs[0], runs[1]);
    return gather(data, runs);
  }

  /** Ends the source: returns the last packet, which was awaiting confirmation, `null` if there is none. */
  flush(): Uint8Array | null {
    const bytes = this.#restBytes;
    this.#restBytes = 0;
    this.#isSynchronized = true;
    if (bytes === PACKET_BYTES && this.#rest[0] === SYNC) return this.#rest;
    this.skippedBytes += bytes;
    return null;
  }

  /**
   * Whether 188 bytes in sync that begin with 0x47 are a packet. That is in doubt only if the next byte is available and
   * not 0x47: it may be a packet before noise, or noise that begins with 0x47. A PID seen before is evidence for a packet;
   * another sequence of sync bytes that starts inside it is evidence against.
   */
  #isPacket(data: Uint8Array, at: number): boolean {
    const next = at + PACKET_BYTES;
    if (next >= data.length || data[next] === SYNC || this.#seenPids[readPid(data, at)] === 1) return true;
    for (let other = at + 1; other < next && other + PACKET_BYTES < data.length; other++) {
      if (data[other] === SYNC && isConfirmed(data, other)) return false;
    }
    return true;
  }
}

/** The first offset from `at` on where packets seem to start; `data.length` if there is none. */
function findSync(data: Uint8Array, at: number): number {
  for (let found = data.indexOf(SYNC, at); found !== -1; found = data.indexOf(SYNC, found + 1)) {
    if (found + PACKET_BYTES >= data.length || isConfirmed(data, found)) return found;
  }
  return data.length;
}

/** Whether sync bytes follow one and, as far as there is data, two packets after `at`. */
function isConfirmed(data: Uint8Array, at: number): boolean {
  if (data[at + PACKET_BYTES] !== SYNC) return false;
  return at + 2 * PACKET_BYTES >= data.length || data[at + 2 * PACKET_BYTES] === SYNC;
}

let joined = new Uint8Array(1 << 17); // shared: its contents are consumed before the next push

function join(rest: Uint8Array, restBytes: number, bytes: Uint8Array, headroom: number): Uint8Array {
  const length = restBytes + bytes.length;
  if (headroom >= restBytes) {
    const both = new Uint8Array(bytes.buffer, bytes.byteOffset - restBytes, length);
    both.set(restBytes === rest.length ? rest : rest.subarray(0, restBytes));
    return both;
  }
  if (length > joined.length) joined = new Uint8Array(2 * length);
  joined.set(restBytes === rest.length ? rest : rest.subarray(0, restBytes));
  joined.set(bytes, restBytes);
  return joined.subarray(0, length);
}

function gather(data: Uint8Array, runs: readonly number[]): Uint8Array {
  let bytes = 0;
  for (let i = 0; i < runs.length; i += 2) bytes += runs[i + 1]! - runs[i]!;
  const out = new Uint8Array(bytes);
  let to = 0;
  for (let i = 0; i < runs.length; i += 2) {
    out.set(data.subarray(runs[i], runs[i + 1]), to);
    to += runs[i + 1]! - runs[i]!;
  }
  return out;
}
