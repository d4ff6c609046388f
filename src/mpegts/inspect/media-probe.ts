// Reads the parameters of a program's media from the first bytes of units that may bring new ones.
// Pure: no clock, no I/O.

import { mediaStart } from '../pictures/access-point.js';
import { PACKET_BYTES, payloadStart, RANDOM_ACCESS, startsUnit } from '../packet/packet.js';
import { startsPes } from '../packet/pes.js';
import { PictureCounter } from '../pictures/picture-counter.js';
import { PictureRate, type PictureStart } from '../pictures/picture-rate.js';
import type { Track } from '../psi/track.js';
import { type TrackMedia, ProbedTrack } from './track-media.js';
import { UnitStart } from '../packet/unit-start.js';

const NOTHING = new Uint8Array(0);
/** Fewest pictures per PES packet that count as several: two, a few of them lost. */
const MIN_A_UNIT = 1.8;

/**
 * Information about the tracks of one program. One unit per track is gathered at a time; units of the video track whose
 * random access points are used are gathered by AccessPointSearch.
 */
export class MediaProbe {
  /** Incremented when tracks or their information change, except for a frame rate measured by time stamps. */
  version = 0;

  readonly #pictures = new PictureRate();
  readonly #count = new PictureCounter();
  #isCounting = false;
  #picturesAUnit = 1; // pictures in the PES packet counted last
  #countedFor = { said: 0, units: 0 }; // the rates at that time
  #tracks: readonly ProbedTrack[] = [];
  #byPid = new Map<number, ProbedTrack>();
  #picture: ProbedTrack | null = null; // the video track whose random access points are used
  readonly #free: UnitStart[] = []; // allocated on demand

  /** Information about each track, in the order of the PMT. */
  get media(): readonly TrackMedia[] {
    const units = this.#pictures.unitsPerSecond;
    const rate = units === null ? null : units * this.#picturesAUnit;
    return this.#tracks.map((one) => one.describe(one === this.#picture ? rate : null));
  }

  /** PTS interval between the last two random access points of the video track, milliseconds; null: unknown. */
  get gopMs(): number | null {
    return this.#pictures.gopMs;
  }

  /** Sets another program, or none; tracks in both keep their information. `key`: whose random access points are used. */
  setTracks(tracks: readonly Track[], key: Track | null, programDescriptors: Uint8Array = NOTHING): void {
    const before = this.#tracks;
    this.#tracks = tracks.map((track) => {
      const known = this.#byPid.get(track.pid);
      return known?.isOf(track) ? known : new ProbedTrack(track, programDescriptors);
    });
    this.#byPid = new Map(this.#tracks.map((one) => [one.track.pid, one]));
    const picture = key?.kind === 'video' ? this.#byPid.get(key.pid)! : null; // one of the tracks
    if (picture !== this.#picture) {
      this.#pictures.reset();
      this.#isCounting = false;
      this.#picturesAUnit = 1;
    }
    this.#picture = picture;
    for (const one of before) if (one.unit) this.#recycleUnit(one);
    const isSame = before.length === this.#tracks.length && before.every((one, i) => one === this.#tracks[i]);
    if (!isSame) this.version++;
  }

  /** stream_id of the current PES packet on this PID; -1 if the PID is not in {@link pids}, or it cannot be read. */
  streamIdOf(pid: number): number {
    return this.#byPid.get(pid)?.streamId ?? -1;
  }

  /** Forgets everything, for another source. */
  reset(): void {
    this.setTracks([], null);
  }

  /** Number of units started in all tracks of a kind; null: none is listed, or one of them is not inspected. */
  unitsOf(kind: 'video' | 'audio'): number | null {
    const tracks = this.#tracks.filter(({ track }) => track.kind === kind);
    const isCounted = tracks.length > 0 && tracks.every(({ isReadable }) => isReadable || kind === 'video');
    return isCounted ? tracks.reduce((sum, { units }) => sum + units, 0) : null;
  }

  /** The PIDs whose packets {@link readPacket} needs. */
  get pids(): readonly number[] {
    // Tracks that may be video are followed for their stream_id, which decides what a mute lets through.
    const wanted = this.#tracks.filter(({ isReadable, track: { kind } }) => {
      return isReadable || kind === 'video' || kind === 'unknown';
    });
    return wanted.map(({ track }) => track.pid);
  }

  /** A picture starts in the packet at `at`. See {@link PictureRate.startPicture}. */
  startPicture(data: Uint8Array, at: number, start: PictureStart, losses: number): void {
    if (this.#picture) {
      this.#picture.streamId = streamIdAt(data, at);
      this.#picture.units++;
    }
    if (this.#picture?.declaredRate === null && this.#isSecondField(this.#picture, data, at)) return;
    this.#pictures.startPicture(data, at, start, losses);
    this.#startCount(data, at);
  }

  #isSecondField(picture: ProbedTrack, data: Uint8Array, at: number): boolean {
    const media = mediaStart(data, at);
    return media !== -1 && picture.isSecondField(data, media, at + PACKET_BYTES);
  }

  /** Whether the next packet of the picture that counts is wanted, for {@link count}. */
  get isCounting(): boolean {
    return this.#isCounting;
  }

  /** Counts pictures in a packet of the latest unit. */
  count(data: Uint8Array, at: number): void {
    this.#count.add(data, at);
  }

  /** If units are several times rarer than the declared picture rate, counts the pictures in one unit. */
  #startCount(data: Uint8Array, at: number): void {
    if (this.#isCounting) {
      this.#picturesAUnit = Math.max(1, this.#count.count);
      this.#isCounting = false;
    }
    const units = this.#pictures.unitsPerSecond ?? 0;
    const said = this.#picture?.declaredRate ?? 0;
    const known = this.#countedFor;
    if (units === 0 || said === 0 || (known.units === units && known.said === said)) return;
    this.#countedFor = { said, units };
    const syntax = this.#picture?.pictures ?? null;
    if (syntax === null || said / units < MIN_A_UNIT) this.#picturesAUnit = 1;
    else {
      this.#isCounting = true;
      this.#count.start(syntax);
      this.#count.add(data, at);
    }
  }

  /** The latest picture is a random access point. */
  pictureIsAccess(losses: number): void {
    this.#pictures.isAccess(losses);
  }

  /** Reads a picture with parameter sets; its elementary stream is in `bytes` from `from` up to `end`. */
  readPicture(bytes: Uint8Array, from: number, end: number): void {
    if (this.#picture?.read(bytes, from, end) === true && this.#picture.update()) this.version++;
  }

  /**
   * Reads the packet at `at` of a track, in which a unit starts or continues whose beginning is needed; of the followed
   * video track only if nothing else reads it. Returns whether the PID's next packet is needed even if no unit starts there.
   */
  readPacket(data: Uint8Array, at: number, pid: number, flags: number): boolean {
    const one = this.#byPid.get(pid);
    if (!one) return false;
    if (startsUnit(data, at)) {
      one.streamId = streamIdAt(data, at);
      if (one !== this.#picture) one.units++; // its units are counted where they start
      if (one.unit) this.#readWhole(one, one.unit);
      const isMarked = (flags & RANDOM_ACCESS) !== 0 && one.track.kind === 'video';
      if (!one.isReadable || !(isMarked || one.isDue())) return false;
      const unit = this.#free.pop() ?? new UnitStart();
      one.unit = unit;
      if (!unit.start(data, at)) {
        this.#recycleUnit(one);
        return false;
      }
    } else if (one.unit && !one.unit.add(data, at)) this.#recycleUnit(one);
    if (one.unit?.isFull === true) this.#readWhole(one, one.unit);
    else if (one.unit) this.#read(one, one.unit);
    return one.unit !== null;
  }

  #read(one: ProbedTrack, unit: UnitStart): void {
    const from = unit.mediaStart;
    const found = from === -1 ? undefined : one.read(unit.bytes, from, unit.length);
    if (found === true) this.#take(one);
    else if (found === false) this.#miss(one);
  }

  /** Reads a unit of which no more bytes will be gathered. */
  #readWhole(one: ProbedTrack, unit: UnitStart): void {
    const from = unit.mediaStart;
    if (from !== -1 && one.readWhole(unit.bytes, from, unit.length)) this.#take(one);
    else this.#miss(one);
  }

  #take(one: ProbedTrack): void {
    this.#recycleUnit(one);
    if (one.update()) this.version++;
  }

  #miss(one: ProbedTrack): void {
    this.#recycleUnit(one);
    one.miss();
  }

  #recycleUnit(one: ProbedTrack): void {
    if (one.unit) this.#free.push(one.unit);
    one.unit = null;
  }
}

function streamIdAt(data: Uint8Array, at: number): number {
  const from = payloadStart(data, at);
  return from + 4 <= at + PACKET_BYTES && startsPes(data, from) ? data[from + 3]! : -1;
}
