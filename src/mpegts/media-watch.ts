// Follows what the media of a program tells: looks at the first bytes of those units that may tell something new.
// Pure: no clock, no I/O.

import { PACKET_BYTES, payloadStart, startsUnit } from './packet.js';
import { startsPes } from './pes.js';
import { PictureTimes } from './picture-times.js';
import type { Track } from './track.js';
import { type TrackMedia, WatchedTrack } from './track-media.js';
import { UnitStart } from './unit-start.js';

/**
 * What is known of the tracks of one program. One unit is gathered at a time, into one buffer: another track is looked at with
 * one of its next units. The picture whose random access points count is gathered elsewhere (AccessWatch).
 */
export class MediaWatch {
  /** Goes up when tracks or what is known of them changed, but for a frame rate that only time stamps tell. */
  version = 0;

  readonly #pictures = new PictureTimes();
  #tracks: readonly WatchedTrack[] = [];
  #byPid = new Map<number, WatchedTrack>();
  #picture: WatchedTrack | null = null; // the video track whose random access points count
  #unit: UnitStart | null = null; // made when first needed
  #gathered: WatchedTrack | null = null; // whose unit it is

  /** What is known of each track, as the PMT lists them. */
  get media(): readonly TrackMedia[] {
    return this.#tracks.map((one) => one.describe(one === this.#picture ? this.#pictures.unitsPerSecond : null));
  }

  /** From the last but one random access point of the picture to the last, by PTS, milliseconds; null: not known. */
  get gopMs(): number | null {
    return this.#pictures.gopMs;
  }

  /** Another program, or none: tracks that are in both stay known. `key`: whose random access points count. */
  setTracks(tracks: readonly Track[], key: Track | null): void {
    const before = this.#tracks;
    this.#tracks = tracks.map((track) => {
      const known = this.#byPid.get(track.pid);
      return known?.isOf(track) ? known : new WatchedTrack(track);
    });
    this.#byPid = new Map(this.#tracks.map((one) => [one.track.pid, one]));
    const picture = key?.kind === 'video' ? this.#byPid.get(key.pid)! : null; // one of the tracks
    if (picture !== this.#picture) this.#pictures.reset();
    this.#picture = picture;
    this.#gathered = null;
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
    this.#pictures.begins(data, at, isAccess, losses);
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
   * Takes the packet at `at` of a track other than the picture that counts, with which a unit begins, or goes on whose beginning
   * is wanted. Returns whether the next packet of this PID is wanted too, though no unit begins in it.
   */
  look(data: Uint8Array, at: number, pid: number, isMarked: boolean): boolean {
    const one = this.#byPid.get(pid);
    if (!one) return false;
    if (startsUnit(data, at)) {
      one.streamId = streamIdAt(data, at);
      if (one === this.#gathered) this.#endUnit(false);
      if (!this.#isWanted(one, isMarked)) return false;
      this.#unit ??= new UnitStart();
      if (!this.#unit.begin(data, at)) return false;
      this.#gathered = one;
    } else {
      if (one !== this.#gathered) return false; // another's unit took its place
      if (!this.#unit!.add(data, at)) this.#gathered = null; // there since its unit is gathered
    }
    if (one === this.#gathered) this.#read(one, this.#unit!);
    return one === this.#gathered;
  }

  #isWanted(one: WatchedTrack, isMarked: boolean): boolean {
    if (!one.isReadable) return false;
    const isDue = (isMarked && one.track.kind === 'video') || one.isDue();
    return isDue && this.#gathered === null;
  }

  #read(one: WatchedTrack, unit: UnitStart): void {
    const from = unit.mediaStart;
    const told = from === -1 ? undefined : one.read(unit.bytes, from, unit.length);
    if (told !== undefined) this.#endUnit(told);
    else if (unit.isFull) this.#endUnit(false);
  }

  #endUnit(told: boolean): void {
    const one = this.#gathered!; // called while there is one
    this.#gathered = null;
    if (!told) one.miss();
    else if (one.take()) this.version++;
  }
}

function streamIdAt(data: Uint8Array, at: number): number {
  const from = payloadStart(data, at);
  return from + 4 <= at + PACKET_BYTES && startsPes(data, from) ? data[from + 3]! : -1;
}
