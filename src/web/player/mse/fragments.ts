// Remuxes one track's packets to fragmented MP4 for Media Source Extensions, with mpegts.js's demuxer and its writer of
// MP4 boxes. Times are the track's own, so that separate players of picture and sound can compare them.
// ISO/IEC 14496-12 §8.8 (movie fragments).

import AAC from 'mpegts-parts/aac-silent';
import Log from 'mpegts-parts/logger';
import MP4, { type Mp4Sample } from 'mpegts-parts/mp4-generator';
import TSDemuxer, { type Sample, type SampleTrack, type TrackMetadata } from 'mpegts-parts/ts-demuxer';
import { codecOf } from '../../../mpegts/codecs/lookup.js';
import { OutputTables } from '../../../mpegts/remux/output-tables.js';
import { PACKET_BYTES, SYNC } from '../../../mpegts/packet/packet.js';
import { concatenate } from '../../../mpegts/packet/packet-runs.js';
import type { Track } from '../../../mpegts/psi/track.js';
import { AccessUnitJoiner } from './whole-pictures.js';

for (const level of ['ENABLE_ERROR', 'ENABLE_INFO', 'ENABLE_WARN', 'ENABLE_DEBUG', 'ENABLE_VERBOSE'] as const) {
  Log[level] = false;
}

/** MPEG audio as mpegts.js calls it in its metadata: for Media Source Extensions, not for the registry of codecs. */
const MP3 = 'mp3';
/** Sound that deviates by more frames than this has a gap or an overlap, not a rounding error. */
const MAX_DRIFT_FRAMES = 3;
/** A longer gap in the sound is not filled with silence. Milliseconds. */
const MAX_SILENCE_MS = 1000;
/** A picture whose successor has not arrived gets a duration of this many times the last one. */
const GENEROSITY = 3;
/** The time between pictures if only one has arrived. */
const UNKNOWN_GAP_MS = 2000;

/** Samples in a fragment. Milliseconds. */
export interface MediaFragment {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly startMs: number;
  /** When the last of them begins, and when it ends, if known. */
  readonly lastMs: number;
  readonly endMs: number;
  /** Presentation time of the last random access point in it; -1: none. */
  readonly accessMs: number;
}

/** The output. */
export interface FragmentEvents {
  /** The type of what follows; `data` is the initialisation segment, empty if the format has none. */
  init(mimeType: string, data: Uint8Array<ArrayBuffer>): void;
  media(media: MediaFragment): void;
  failed(reason: string): void;
}

/** Remuxes one track. */
export class Fragments {
  readonly #demuxer = new TSDemuxer({ ts_packet_size: PACKET_BYTES, sync_offset: 0 }, {});
  readonly #events: FragmentEvents;
  readonly #pid: number;
  readonly #joiner: AccessUnitJoiner | null;
  #metadata: TrackMetadata | null = null;
  #held: Sample | null = null; // a picture's duration is known when the next arrives
  #gapMs = 0; // between the last two pictures
  #lastDts = -1; // of the last picture
  #nextMs = -1; // the end of the sound so far
  #sequenceNumber = 0;
  #isParsing = false;
  #isClosed = false;

  constructor(track: Track, events: FragmentEvents) {
    this.#events = events;
    this.#pid = track.pid;
    const pictures = codecOf(track)?.pictures ?? null;
    this.#joiner = pictures?.isInNalUnits === true ? new AccessUnitJoiner(pictures) : null;
    const demuxer = this.#demuxer;
    demuxer.onError = (_type, info) => {
      if (!this.#isClosed) events.failed(info);
    };
    demuxer.onMediaInfo = () => undefined;
    demuxer.onTrackMetadata = (_kind, metadata) => {
      if (!this.#isClosed) this.#emitInitSegment(metadata);
    };
    demuxer.onDataAvailable = (audio, video) => {
      if (this.#isClosed) return;
      if (audio) this.#receiveSound(takeSamples(audio));
      if (video) this.#receivePictures(takeSamples(video));
    };
    const tables = new OutputTables();
    tables.describe(track.pid, new Uint8Array(0), [track]);
    const packets = new Uint8Array(tables.length);
    tables.write(packets, 0);
    this.#parse(packets);
  }

  /** The time between pictures. Milliseconds; 0: not known yet. */
  get gapMs(): number {
    return this.#gapMs;
  }

  /** Processes packets of the track, and may modify them. */
  write(packets: Uint8Array<ArrayBuffer>): void {
    this.#joiner?.join(packets);
    this.#parse(packets);
  }

  /** Ends the current picture: all of its packets have arrived. */
  endPicture(): void {
    this.#parse(emptyPesPacket(this.#pid));
    const held = this.#held;
    this.#held = null;
    if (held) this.#writePictures([held], held.dts + (this.#gapMs || UNKNOWN_GAP_MS) * GENEROSITY);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isParsing) this.#demuxer.destroy();
  }

  /** A callback of the demuxer may close this object; the demuxer must not be destroyed before it has returned. */
  #parse(packets: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) return;
    this.#isParsing = true;
    try {
      this.#demuxer.parseChunks(packets.buffer, 0);
    } catch {
      // Damaged media makes it throw: a length that reaches beyond a packet, an SPS that ends too early. The unit being
      // read is skipped; the demuxer has released it before, and continues with the next.
    } finally {
      this.#isParsing = false;
      // It may have been closed meanwhile, which the compiler cannot know.
      if (this.#isClosed as boolean) this.#demuxer.destroy();
    }
  }

  #emitInitSegment(metadata: TrackMetadata): void {
    this.#metadata = metadata;
    const isBare = metadata.codec === MP3; // all browsers but one accept it only without a container
    const kind = metadata.originalCodec === undefined ? 'video' : 'audio';
    const mimeType = isBare ? 'audio/mpeg' : `${kind}/mp4; codecs="${metadata.codec}"`;
    this.#events.init(mimeType, isBare ? new Uint8Array(0) : MP4.generateInitSegment(metadata));
  }

  #receivePictures(samples: readonly Sample[]): void {
    const timed = samples.filter(({ dts }) => !Number.isNaN(dts)); // NaN: part of a picture whose start is missing
    const all = this.#held ? [this.#held, ...timed] : timed;
    const last = all.at(-1);
    if (!last) return;
    this.#held = last;
    const beforeMs = all.at(-2)?.dts ?? this.#lastDts;
    if (beforeMs !== -1 && last.dts > beforeMs) this.#gapMs = last.dts - beforeMs;
    this.#lastDts = last.dts;
    const ready = all.slice(0, -1);
    if (ready.length > 0) this.#writePictures(ready, last.dts);
  }

  /** Writes pictures, the last of which lasts until `endMs`. */
  #writePictures(samples: readonly Sample[], endMs: number): void {
    const [first] = samples;
    const last = samples.at(-1);
    if (!first || !last) return;
    const described = samples.map((sample, i): Mp4Sample => {
      const duration = Math.max(1, (samples[i + 1]?.dts ?? endMs) - sample.dts);
      const isKey = sample.isKeyframe === true;
      return {
        duration,
        size: sample.length,
        cts: sample.pts - sample.dts,
        flags: {
          isLeading: 0,
          dependsOn: isKey ? 2 : 1,
          isDependedOn: isKey ? 1 : 0,
          hasRedundancy: 0,
          isNonSync: isKey ? 0 : 1,
        },
      };
    });
    const data = samples.flatMap(({ units }) => (units ?? []).map((unit) => unit.data));
    const accessMs = samples.findLast(({ isKeyframe }) => isKeyframe === true)?.pts ?? -1;
    this.#write(data, described, { startMs: first.dts, lastMs: last.pts, endMs, accessMs });
  }

  #receiveSound(samples: readonly Sample[]): void {
    if (!this.#metadata) return;
    const { codec, originalCodec = '', channelCount = 0, refSampleDuration: frameMs } = this.#metadata;
    if (codec === MP3) return this.#writeBare(samples);
    const data: Uint8Array[] = [];
    const described: Mp4Sample[] = [];
    let startMs = -1;
    const write = () => {
      const times = { startMs, lastMs: startMs, endMs: this.#nextMs, accessMs: startMs };
      if (described.length > 0) this.#write(data.splice(0), described.splice(0), times);
    };
    const add = (unit: Uint8Array, lengthMs: number) => {
      const at = Math.floor(this.#nextMs);
      if (startMs === -1) startMs = at;
      this.#nextMs += lengthMs;
      data.push(unit);
      described.push(soundSample(unit.length, Math.floor(this.#nextMs) - at));
    };
    for (const { dts, unit } of samples) {
      if (!unit) continue;
      const lengthMs = frameMs ?? 20;
      const gapMs = this.#nextMs === -1 ? Infinity : dts - this.#nextMs;
      if (gapMs < -MAX_DRIFT_FRAMES * lengthMs) continue; // written already
      if (gapMs > MAX_SILENCE_MS) {
        write();
        this.#nextMs = dts;
        startMs = -1;
      } else if (gapMs > MAX_DRIFT_FRAMES * lengthMs) {
        const silence = AAC.getSilentFrame(originalCodec, channelCount) ?? unit;
        while (this.#nextMs + lengthMs <= dts) add(silence, lengthMs);
      }
      add(unit, lengthMs);
    }
    write();
  }

  #writeBare(samples: readonly Sample[]): void {
    const [first] = samples;
    const last = samples.at(-1);
    if (!first || !last) return;
    const data = samples.flatMap(({ unit }) => (unit ? [unit] : []));
    const [startMs, lastMs] = [first.dts, last.dts];
    this.#events.media({ data: concatenate(data), startMs, lastMs, endMs: lastMs + 1, accessMs: startMs });
  }

  #write(data: readonly Uint8Array[], samples: readonly Mp4Sample[], times: Omit<MediaFragment, 'data'>): void {
    if (!this.#metadata) return;
    const { id } = this.#metadata;
    const head = MP4.moof({ id, sequenceNumber: this.#sequenceNumber++, samples }, times.startMs);
    this.#events.media({ ...times, data: concatenate([head, MP4.mdat(concatenate(data))]) });
  }
}

/** Removes and returns the samples of a track of the demuxer. */
function takeSamples(track: SampleTrack): readonly Sample[] {
  const { samples } = track;
  track.samples = [];
  track.length = 0;
  return samples;
}

function soundSample(size: number, duration: number): Mp4Sample {
  const flags = { isLeading: 0, dependsOn: 1, isDependedOn: 0, hasRedundancy: 0, isNonSync: 0 } as const;
  return { duration, size, cts: 0, flags };
}

/** A packet that starts an empty PES packet, which ends the one before it (§2.4.3.6). */
function emptyPesPacket(pid: number): Uint8Array<ArrayBuffer> {
  const header = [0x00, 0x00, 0x01, 0xe0, 0x00, 0x00, 0x80, 0x00, 0x00];
  const packet = new Uint8Array(PACKET_BYTES).fill(0xff); // stuffing_byte
  const stuffing = PACKET_BYTES - 5 - header.length;
  // payload_unit_start_indicator = '1'; adaptation_field_control = '11'; no flag of the adaptation field is set
  packet.set([SYNC, 0x40 | (pid >> 8), pid & 0xff, 0x30, stuffing, 0x00]);
  packet.set(header, PACKET_BYTES - header.length);
  return packet;
}
