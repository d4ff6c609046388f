// Passes the packets of a few PIDs, so that a player gets one picture, one sound and no changing tables.

import { PACKET_BYTES, PID_COUNT, readPid, SYNC } from '../../../mpegts/packet/packet.js';

/** Copies the packets of chosen PIDs. */
export class PidFilter {
  readonly #selected = new Uint8Array(PID_COUNT);

  setPids(pids: readonly number[]): void {
    this.#selected.fill(0);
    for (const pid of pids) this.#selected[pid] = 1;
  }

  /** A copy of the chosen packets of a message; `null`: none. */
  filter(data: Uint8Array): Uint8Array<ArrayBuffer> | null {
    const out = new Uint8Array(data.length);
    let filled = 0;
    for (let at = 0; at < data.length; at += PACKET_BYTES) {
      if (!this.#selected[readPid(data, at)]) continue;
      out.set(data.subarray(at, at + PACKET_BYTES), filled);
      filled += PACKET_BYTES;
    }
    return filled === 0 ? null : out.slice(0, filled);
  }
}

/** Whether a message looks like whole packets; anything else is data that accompanies the media. */
export function isPackets(data: Uint8Array): boolean {
  return data.length > 0 && data.length % PACKET_BYTES === 0 && data[0] === SYNC;
}
