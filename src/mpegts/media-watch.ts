// Follows what the media of a program tells: looks at the first bytes of those units that may tell something new.
// Pure: no clock, no I/O.

import { mediaStart } from './access-point.js';
import { PACKET_BYTES, payloadStart, startsUnit } from './packet.js';
import { startsPes } from './pes.js';
import { PictureCount } from './picture-count.js';
import { syntaxOf } from './picture-head.js';
import { PictureTimes } from './picture-times.js';
import type { Track } from './track.js';
import { type TrackMedia, WatchedTrack } from './track-media.js';
import { UnitStart } from './unit-start.js';

const NOTHING = new Uint8Array(0);
/** Two pictures in a PES packet, and a few lost. */
const LEAST_A_UNIT = 1.8;

/**
 * What is known of the tracks of one program. One unit of a track is gathered at a time; the picture whose random access
 * points count is gathered elsewhere (AccessWatch).
 */
export class MediaWatch {
  /** Goes up when tracks or what is known of them changed, but for a frame rate that only time stamps tell. */
  version = 0;

  readonly #pictures = new PictureTimes();
  readonly #count = new PictureCount();
  #isCounting = false;
  #picturesAUnit = 1; // as the last that was counted has
  #countedFor = { said: 0, units: 0 }; // what was known when it was
  #tracks: readonly WatchedTrack[] = [];
  #byPid = new Map<number, WatchedTrack>();
  #picture: WatchedTrack | null = null; // the video track whose random access points count
  readonly #free: UnitStart[] = []; // made when needed

  /** What is known of each track, as the PMT lists them. */
  get media(): readonly TrackMedia[] {
    const units = this.#pictures.unitsPerSecond;
    const rate = units === null ? null : units * this.#picturesAUnit;
    return this.#tracks.map((one) => one.describe(one === this.#picture ? rate : null));
  }

  /** From the last but one random access point of the picture to the last, by PTS, milliseconds; null: not known. */
  get gopMs(): number | null {
    return this.#pictures.gopMs;
  }

  /** Another program, or none: tracks that are in both stay known. `key`: whose random access points count. */
  setTracks(tracks: readonly Track[], key: Track | null, programDescriptors: Uint8Array = NOTHING): void {
    const before = this.#tracks;
    this.#tracks = tracks.map((track) => {
      const known = this.#byPid.get(track.pid);
      return known?.isOf(track) ? known : new WatchedTrack(track, programDescriptors);
    });
    this.#byPid = new Map(this.#tracks.map((one) => [one.track.pid, one]));
    const picture = key?.kind === 'video' ? this.#byPid.get(key.pid)! : null; // one of the tracks
    if (picture !== this.#picture) {
      this.#pictures.reset();
      this.#isCounting = false;
      this.#picturesAUnit = 1;
    }
    this.#picture = picture;
    for (const one of before) if (one.unit) this.#release(one);
    const isSame = before.length === this.#tracks.length && before.every((one, i) => one === this.#tracks[i]);
    if (!isSame) this.version++;
  }

  /** stream_id of the PES packet that is being sent on this PID; -1 if it is none of {@link pids}, or cannot be read. */
  streamIdOf(pid: number): number {
    return this.#byPid.get(pid)?.streamId ?? -1;
  }

  /** Another source begins. */
  reset(): void {
    this.setTracks([], null);
  }

  /** How many units of all tracks of a kind have begun; null: none is listed, or there is one that is not looked at. */
  unitsOf(kind: 'video' | 'audio'): number | null {
    const tracks = this.#tracks.filter(({ track }) => track.kind === kind);
    const isCounted = tracks.length > 0 && tracks.every(({ isReadable }) => isReadable || kind === 'video');
    return isCounted ? tracks.reduce((sum, { units }) => sum + units, 0) : null;
  }

  /** The PIDs to be shown to {@link look}. */
  get pids(): readonly number[] {
    // What may be a picture is watched for its stream_id, which decides what a mute lets go on.
    const wanted = this.#tracks.filter(({ isReadable, track: { kind } }) => {
      return isReadable || kind === 'video' || kind === 'unknown';
    });
    return wanted.map(({ track }) => track.pid);
  }

  /** A picture begins in the packet at `at`. See {@link PictureTimes.begins}. */
  pictureBegins(data: Uint8Array, at: number, isAccess: boolean | undefined, losses: number): void {
    if (this.#picture) {
      this.#picture.streamId = streamIdAt(data, at);
      this.#picture.units++;
    }
    if (this.#picture?.saidRate === null && this.#isSecondField(this.#picture, data, at)) return;
    this.#pictures.begins(data, at, isAccess, losses);
    this.#beginCount(data, at);
  }

  #isSecondField(picture: WatchedTrack, data: Uint8Array, at: number): boolean {
    const media = mediaStart(data, at);
    return media !== -1 && picture.isSecondField(data, media, at + PACKET_BYTES);
  }

  /** Whether the next packet of the picture that counts is wanted, for {@link count}. */
  get isCounting(): boolean {
    return this.#isCounting;
  }

  /** Takes a packet of the picture that began last. */
  count(data: Uint8Array, at: number): void {
    this.#count.add(data, at);
  }

  /** Where units come several times less often than the media says that pictures do, they are counted in one of them. */
  #beginCount(data: Uint8Array, at: number): void {
    if (this.#isCounting) {
      this.#picturesAUnit = Math.max(1, this.#count.count);
      this.#isCounting = false;
    }
    const units = this.#pictures.unitsPerSecond ?? 0;
    const said = this.#picture?.saidRate ?? 0;
    const known = this.#countedFor;
    if (units === 0 || said === 0 || (known.units === units && known.said === said)) return;
    this.#countedFor = { said, units };
    const syntax = this.#picture && syntaxOf(this.#picture.track.streamType);
    if (syntax === null || said / units < LEAST_A_UNIT) this.#picturesAUnit = 1;
    else {
      this.#isCounting = true;
      this.#count.begin(syntax);
      this.#count.add(data, at);
    }
  }

  /** The picture that began last is a random access point. */
  pictureIsAccess(losses: number): void {
    this.#pictures.isAccess(losses);
  }

  /** A picture whose elementary stream is in `bytes` from `from` up to `end` brings parameter sets. */
  readPicture(bytes: Uint8Array, from: number, end: number): void {
    if (this.#picture?.read(bytes, from, end) === true && this.#picture.take()) this.version++;
  }

  /**
   * Takes the packet at `at` of a track, with which a unit begins, or goes on whose beginning is wanted; of the picture that
   * counts only where nothing else reads it. Returns whether the next packet of this PID is wanted too, though no unit begins in it.
   */
  look(data: Uint8Array, at: number, pid: number, isMarked: boolean): boolean {
    const one = this.#byPid.get(pid);
    if (!one) return false;
    if (startsUnit(data, at)) {
      one.streamId = streamIdAt(data, at);
      if (one !== this.#picture) one.units++; // that is counted where it begins
      if (one.unit) this.#read(one, one.unit, true);
      if (!this.#isWanted(one, isMarked)) return false;
      const unit = this.#free.pop() ?? new UnitStart();
      one.unit = unit;
      if (!unit.begin(data, at)) {
        this.#release(one);
        return false;
      }
    } else if (one.unit && !one.unit.add(data, at)) this.#release(one);
    if (one.unit) this.#read(one, one.unit, one.unit.isFull);
    return one.unit !== null;
  }

  #isWanted(one: WatchedTrack, isMarked: boolean): boolean {
    if (!one.isReadable) return false;
    return (isMarked && one.track.kind === 'video') || one.isDue();
  }

  /** `isWhole`: no more of the unit are gathered. */
  #read(one: WatchedTrack, unit: UnitStart, isWhole: boolean): void {
    const from = unit.mediaStart;
    const told = from === -1 ? undefined : one.read(unit.bytes, from, unit.length, isWhole);
    if (told !== undefined || isWhole) this.#endUnit(one, told === true);
  }

  #endUnit(one: WatchedTrack, told: boolean): void {
    this.#release(one);
    if (!told) one.miss();
    else if (one.take()) this.version++;
  }

  #release(one: WatchedTrack): void {
    if (one.unit) this.#free.push(one.unit);
    one.unit = null;
  }
}

function streamIdAt(data: Uint8Array, at: number): number {
  const from = payloadStart(data, at);
  return from + 4 <= at + PACKET_BYTES && startsPes(data, from) ? data[from + 3]! : -1;
}
