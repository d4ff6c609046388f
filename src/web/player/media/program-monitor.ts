// Monitors every packet that arrives: tracks, timing of their units, lost packets, bit rate.
// Independent of players and the page.

import { Inspector } from '../../../mpegts/inspect/inspector.js';
import { signalledMute } from '../../../mpegts/mute/mute-descriptor.js';
import {
  adaptationFlags,
  DISCONTINUITY,
  hasPayload,
  PACKET_BYTES,
  PID_COUNT,
  readCounter,
  readPid,
  startsUnit,
} from '../../../mpegts/packet/packet.js';
import { TICKS_PER_MS, ticksAfter, TIMESTAMP_RANGE } from '../../../mpegts/packet/timestamp.js';
import { startPicture } from '../../../mpegts/pictures/picture-start.js';
import type { Track } from '../../../mpegts/psi/track.js';
import { ArrivalRhythm } from './arrival-rhythm.js';
import { readUnitTime } from './unit-time.js';

/** A unit whose time is further ahead of real time than this, or further back, belongs to another run of the source. */
const MAX_AHEAD_MS = 5000;
const MAX_BACK_MS = 500;
const RATE_WINDOW_MS = 2000;
const NOT_SEEN = 0xff;

/** The findings about a message. */
export interface MessageFacts {
  /**
   * The message from its first random access point on, with all that precedes it in its unit; `null`: there is none.
   */
  readonly start: Uint8Array | null;
  /** The picture's time has jumped: its source was restarted. */
  readonly isRestart: boolean;
  /** The sound's time has jumped. */
  readonly isSoundRestart: boolean;
}

/** Monitors one connection from its first byte. */
export class ProgramMonitor {
  /** Packets missing by the continuity counters; a loss of a multiple of sixteen is not detected. */
  lostPackets = 0;

  readonly #inspector = new Inspector();
  readonly #counters = new Uint8Array(PID_COUNT).fill(NOT_SEEN);
  readonly #seenAt = new Float64Array(PID_COUNT);
  readonly #rhythms = new Map<number, ArrivalRhythm>();
  #codecs: ReadonlyMap<number, string> = new Map();
  #mediaVersion = -1; // the version that #codecs was read from
  #program: unknown = null;
  #tracks: readonly Track[] = [];
  #muted: 'audio' | 'all' | null = null;
  #arrivedAt = 0;
  #arrivals: { readonly at: number; readonly bytes: number }[] = [];

  /** Processes a message of whole packets that arrived at `nowMs`. */
  push(data: Uint8Array, nowMs: number): MessageFacts {
    this.#arrivedAt = nowMs;
    this.#arrivals.push({ at: nowMs, bytes: data.length });
    const accessPointOffset = this.#inspector.inspect(data);
    this.#readTracks();
    const [videoPid, audioPid] = [this.#pidOf('video'), this.#pidOf('audio')];
    let lost = 0;
    let isRestart = false;
    let isSoundRestart = false;
    let hasJumped = false;
    for (let at = 0; at < data.length; at += PACKET_BYTES) {
      const pid = readPid(data, at);
      this.#seenAt[pid] = nowMs;
      lost += this.#missingBefore(data, at, pid);
      if ((pid !== videoPid && pid !== audioPid) || !startsUnit(data, at)) continue;
      const step = this.#stepTo(data, at, pid, nowMs);
      if (step === 'on') continue;
      if (pid === videoPid) hasJumped = true;
      if (step === 'restart' && pid === videoPid) isRestart = true;
      if (step === 'restart' && pid === audioPid) isSoundRestart = true;
    }
    if (hasJumped) this.#forgetBefore(nowMs);
    else this.lostPackets += lost;
    const { opening } = this.#inspector;
    const start = accessPointOffset === -1 ? null : startPicture(data, accessPointOffset, this.#inspector, opening);
    return { start, isRestart, isSoundRestart };
  }

  /** Packets of a track were dropped on purpose, and do not count as lost. */
  noteDropped(pid: number): void {
    this.#counters[pid] = NOT_SEEN;
  }

  /** The tracks in the PMT. */
  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  /** The timing of a track's units; `null`: none has arrived. */
  rhythmOf(pid: number): ArrivalRhythm | null {
    return this.#rhythms.get(pid) ?? null;
  }

  /** What the PMT says is muted; null: nothing. */
  get muted(): 'audio' | 'all' | null {
    return this.#muted;
  }

  /** Whether the tables have arrived. */
  get isKnown(): boolean {
    return this.#inspector.program !== null;
  }

  /** The codec of a track as found in the media, by ffmpeg's name; null: unknown so far. */
  codecOf(pid: number): string | null {
    const { mediaVersion } = this.#inspector;
    if (mediaVersion !== this.#mediaVersion) {
      this.#codecs = new Map(this.#inspector.media.map((track) => [track.pid, track.codec]));
      this.#mediaVersion = mediaVersion;
    }
    return this.#codecs.get(pid) ?? null;
  }

  /** When the last message arrived; 0: none has. */
  get arrivedAt(): number {
    return this.#arrivedAt;
  }

  /** Bits per second over the last two seconds. */
  bitrate(nowMs: number): number {
    this.#arrivals = this.#arrivals.filter(({ at }) => at > nowMs - RATE_WINDOW_MS);
    const bytes = this.#arrivals.reduce((sum, one) => sum + one.bytes, 0);
    return (bytes * 8000) / RATE_WINDOW_MS;
  }

  /**
   * Another run starts with other counters, and nothing is lost in between, also not of a track that restarts slightly
   * later.
   */
  #forgetBefore(nowMs: number): void {
    for (const { pid } of this.#tracks) if (this.#seenAt[pid] !== nowMs) this.#counters[pid] = NOT_SEEN;
  }

  #pidOf(wanted: Track['kind']): number {
    return this.#tracks.find(({ kind }) => kind === wanted)?.pid ?? -1;
  }

  /** Tracks that are no longer listed are removed; if one comes back, it is a new track. */
  #readTracks(): void {
    const { program } = this.#inspector;
    if (program === this.#program) return;
    this.#program = program;
    this.#muted = signalledMute(program);
    const before = this.#tracks;
    this.#tracks = program?.tracks ?? [];
    for (const { pid } of before) {
      if (this.#tracks.some((track) => track.pid === pid)) continue;
      this.#rhythms.delete(pid);
      this.#counters[pid] = NOT_SEEN; // its last packets may precede the PMT in the same message, and are not counted
    }
  }

  #missingBefore(data: Uint8Array, at: number, pid: number): number {
    if (!hasPayload(data, at) || !this.#tracks.some((track) => track.pid === pid)) return 0;
    const counter = readCounter(data, at);
    const last = this.#counters[pid] ?? NOT_SEEN;
    this.#counters[pid] = counter;
    if (last === NOT_SEEN || counter === last || adaptationFlags(data, at) & DISCONTINUITY) return 0;
    return (counter - last - 1) & 0x0f;
  }

  /**
   * Processes the time of the unit at `at`: it continues, resumes after a pause, or belongs to another run of the
   * source.
   */
  #stepTo(data: Uint8Array, at: number, pid: number, nowMs: number): 'on' | 'pause' | 'restart' {
    const ticks = readUnitTime(data, at);
    if (ticks === -1) return 'on';
    const before = this.#rhythms.get(pid);
    if (before) {
      const aheadMs = ticksAfter(ticks, (before.timeMs * TICKS_PER_MS) % TIMESTAMP_RANGE) / TICKS_PER_MS;
      const pauseMs = nowMs - before.lastArrivalMs;
      if (aheadMs >= -MAX_BACK_MS && aheadMs - pauseMs <= MAX_AHEAD_MS) {
        before.add(before.timeMs + aheadMs, nowMs); // across the wrap, too
        return aheadMs > MAX_AHEAD_MS ? 'pause' : 'on';
      }
    }
    const rhythm = new ArrivalRhythm();
    rhythm.add(ticks / TICKS_PER_MS, nowMs);
    this.#rhythms.set(pid, rhythm);
    return before ? 'restart' : 'on';
  }
}
