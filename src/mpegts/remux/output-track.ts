// The PIDs of the output: their assignment to tracks, and the state that continues when a track returns.
// Pure: no clock, no I/O. ISO/IEC 13818-1 §2.4.3.3, table 2-3.

import { NULL_PID } from '../packet/packet.js';

/** PMT_PID of the output, the same as ffmpeg's. */
export const OUTPUT_PMT_PID = 0x1000;
const FIRST_PID = 0x100;
const MAX_TRACKS = 1000;

/** An elementary stream of the output: it belongs to a feed's PID and stream type for the program's life. */
export class OutputTrack {
  /** The last continuity_counter sent. */
  counter = 15;
  /** The last DTS sent, unwrapped ticks. */
  dts = -Infinity;
  /** stream_id in the input, and the one sent; -1 until known. */
  inputStreamId = -1;
  streamId = -1;
  inUse = false;
  readonly pid: number;
  readonly streamType: number;

  constructor(pid: number, streamType: number) {
    this.pid = pid;
    this.streamType = streamType;
  }

  /** The output stream_id for the input's; `isUsed` tests whether another track has it. */
  streamIdFor(own: number, isUsed: (streamId: number) => boolean): number {
    if (this.inputStreamId !== own || this.streamId < 0) {
      this.inputStreamId = own;
      this.streamId = freeStreamId(own, isUsed);
    }
    return this.streamId;
  }
}

/** Hands out output PIDs: the same one to the same (feed, PID, stream type). */
export class OutputTracks {
  readonly #tracks = new Map<string, OutputTrack>();
  #nextPid = FIRST_PID;

  /** The track for an input's PID. Remembers 1,000; beyond that, the least recently used gives up its PID. */
  acquire(feed: string, pid: number, streamType: number): OutputTrack {
    const key = `${pid} ${streamType} ${feed}`;
    let track = this.#tracks.get(key);
    if (track) this.#tracks.delete(key);
    else track = new OutputTrack(this.#freePid(), streamType);
    this.#tracks.set(key, track); // last: the order is that of use
    return track;
  }

  #freePid(): number {
    if (this.#tracks.size >= MAX_TRACKS) {
      for (const [key, track] of this.#tracks) {
        if (track.inUse) continue;
        this.#tracks.delete(key);
        return track.pid;
      }
    }
    const pid = this.#nextPid++;
    if (this.#nextPid === OUTPUT_PMT_PID) this.#nextPid++;
    return Math.min(pid, NULL_PID - 1); // 7,000 tracks in use at once do not fit into a PMT
  }
}

/**
 * A track's output stream_id: its own, or the next free one of its range (0xC0 to 0xDF, 0xE0 to 0xEF) if another track of
 * the program has it; demultiplexers that ignore the PMT distinguish tracks by it.
 */
export function freeStreamId(own: number, used: (streamId: number) => boolean): number {
  const size = (own & 0xe0) === 0xc0 ? 0x20 : (own & 0xf0) === 0xe0 ? 0x10 : 0;
  if (size === 0) return own;
  const base = own & ~(size - 1);
  for (let i = 0; i < size; i++) {
    const id = base | ((own + i) & (size - 1));
    if (!used(id)) return id;
  }
  return own;
}
