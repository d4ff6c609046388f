// Sees every packet that arrives: which tracks there are and which of them live, what was lost, how much comes.
// Knows no player and no page.

import { Inspector } from '../../mpegts/inspector.js';
import {
  adaptationFlags,
  DISCONTINUITY,
  hasPayload,
  PACKET_BYTES,
  payloadStart,
  PID_COUNT,
  readCounter,
  readPid,
  startsUnit,
} from '../../mpegts/packet.js';
import { stampsOf, startsPes } from '../../mpegts/pes.js';
import { readTimestamp, TICKS_PER_MS, ticksAfter } from '../../mpegts/timestamp.js';
import { startPicture } from '../../mpegts/picture-start.js';
import type { Track } from '../../mpegts/track.js';

/** A track that the PMT lists and that brings nothing for so long has ended: its source is away. */
const ALIVE_MS = 800;
/** A picture's time that is further ahead than this, or further back, belongs to another run of the source. */
const MOST_AHEAD_MS = 5000;
const MOST_BACK_MS = 500;
const RATE_WINDOW_MS = 2000;
const NOT_SEEN = 0xff;

/** What a message brought. */
export interface Seen {
  /** What a player can start with: the message from its first random access point on, made whole; `null`: there is none. */
  readonly start: Uint8Array | null;
  /** Time has jumped: the source was started again. */
  readonly isRestart: boolean;
}

/** Follows one connection from its first byte. */
export class ProgramWatch {
  /** Packets that the continuity counters say are missing; sixteen at once, or a multiple, go unnoticed. */
  lostPackets = 0;

  readonly #inspector = new Inspector();
  readonly #counters = new Uint8Array(PID_COUNT).fill(NOT_SEEN);
  readonly #seenAt = new Float64Array(PID_COUNT);
  #program: unknown = null;
  #lastPts = -1;
  #arrivedAt = 0;
  #arrivals: { readonly at: number; readonly bytes: number }[] = [];

  /** Takes a message of whole packets that arrived at `nowMs`. */
  push(data: Uint8Array, nowMs: number): Seen {
    this.#arrivedAt = nowMs;
    this.#arrivals.push({ at: nowMs, bytes: data.length });
    const joinAt = this.#inspector.inspect(data);
    this.#greetTracks(nowMs);
    const videoPid = this.#tracks.find(({ kind }) => kind === 'video')?.pid ?? -1;
    let lost = 0;
    let isRestart = false;
    for (let at = 0; at < data.length; at += PACKET_BYTES) {
      const pid = readPid(data, at);
      this.#seenAt[pid] = nowMs;
      lost += this.#missingBefore(data, at, pid);
      if (pid === videoPid && startsUnit(data, at) && this.#jumps(data, at)) isRestart = true;
    }
    if (isRestart) this.#forgetBefore(nowMs);
    else this.lostPackets += lost;
    const start = joinAt === -1 ? null : startPicture(data, joinAt, this.#inspector, true);
    return { start, isRestart };
  }

  /** The tracks of the program that bring something. */
  liveTracks(): readonly Track[] {
    return this.#tracks.filter(({ pid, kind }) => {
      // A picture that stands still is still the picture: only a table that leaves it out takes it away.
      if (kind === 'video' && this.#counters[pid] !== NOT_SEEN) return true;
      return this.#seenAt[pid]! > this.#arrivedAt - ALIVE_MS;
    });
  }

  /** Whether the tables have come. */
  get isKnown(): boolean {
    return this.#inspector.program !== null;
  }

  /** When the last message came; 0: none has. */
  get arrivedAt(): number {
    return this.#arrivedAt;
  }

  /** Bits a second over the last two seconds. */
  bitrate(nowMs: number): number {
    this.#arrivals = this.#arrivals.filter(({ at }) => at > nowMs - RATE_WINDOW_MS);
    const bytes = this.#arrivals.reduce((sum, one) => sum + one.bytes, 0);
    return (bytes * 8000) / RATE_WINDOW_MS;
  }

  /** Another run counts from elsewhere, and nothing is lost between: also not of a track that goes on a little later. */
  #forgetBefore(nowMs: number): void {
    for (const { pid } of this.#tracks) if (this.#seenAt[pid] !== nowMs) this.#counters[pid] = NOT_SEEN;
  }

  get #tracks(): readonly Track[] {
    return this.#inspector.program?.tracks ?? [];
  }

  /** A track that is listed anew has not had the time to bring something: it counts as seen now. */
  #greetTracks(nowMs: number): void {
    const { program } = this.#inspector;
    if (program === this.#program) return;
    this.#program = program;
    for (const { pid } of this.#tracks) this.#seenAt[pid] = nowMs;
  }

  #missingBefore(data: Uint8Array, at: number, pid: number): number {
    if (!hasPayload(data, at) || !this.#tracks.some((track) => track.pid === pid)) return 0;
    const counter = readCounter(data, at);
    const last = this.#counters[pid]!;
    this.#counters[pid] = counter;
    if (last === NOT_SEEN || counter === last || adaptationFlags(data, at) & DISCONTINUITY) return 0;
    return (counter - last - 1) & 0x0f;
  }

  #jumps(data: Uint8Array, at: number): boolean {
    const begin = payloadStart(data, at);
    if (begin + 14 > at + PACKET_BYTES || !startsPes(data, begin) || stampsOf(data, begin) === 0) return false;
    const pts = readTimestamp(data, begin + 9);
    const aheadMs = this.#lastPts === -1 ? 0 : ticksAfter(pts, this.#lastPts) / TICKS_PER_MS;
    this.#lastPts = pts;
    return aheadMs > MOST_AHEAD_MS || aheadMs < -MOST_BACK_MS;
  }
}
