// The parts of mpegts.js that we use, by the names that scripts/build-web.mjs gives them: its package exports only a
// whole player, which has one clock for picture and sound. Their sources are in node_modules/mpegts.js/src.

declare module 'mpegts-parts/ts-demuxer' {
  /** One coded picture or frame of sound. Milliseconds. */
  export interface Sample {
    readonly dts: number;
    readonly pts: number;
    readonly length: number;
    /** A picture's NAL units, each behind its length. */
    readonly units?: readonly { readonly data: Uint8Array }[];
    readonly isKeyframe?: boolean;
    /** Sound. */
    readonly unit?: Uint8Array;
  }
  /** Its output; the consumer of the samples empties it. */
  export interface SampleTrack {
    readonly id: number;
    samples: Sample[];
    length: number;
  }
  export interface TrackMetadata {
    readonly id: number;
    readonly codec: string;
    /** Sound. */
    readonly originalCodec?: string;
    readonly channelCount?: number;
    /** Duration of a sample, in milliseconds; for sound it is exact, if present. */
    readonly refSampleDuration?: number;
  }
  export default class TSDemuxer {
    constructor(probed: { ts_packet_size: number; sync_offset: number }, config: object);
    onError: (type: string, info: string) => void;
    onMediaInfo: (info: unknown) => void;
    onTrackMetadata: (kind: string, metadata: TrackMetadata) => void;
    onDataAvailable: (audio: SampleTrack | null, video: SampleTrack | null) => void;
    parseChunks(chunk: ArrayBuffer, start: number): number;
    destroy(): void;
  }
}

declare module 'mpegts-parts/mp4-generator' {
  import type { TrackMetadata } from 'mpegts-parts/ts-demuxer';
  /** A sample as `moof` describes it. Milliseconds, bytes. */
  export interface Mp4Sample {
    readonly duration: number;
    readonly size: number;
    readonly cts: number;
    readonly flags: {
      readonly isLeading: 0;
      readonly dependsOn: 1 | 2;
      readonly isDependedOn: 0 | 1;
      readonly hasRedundancy: 0;
      readonly isNonSync: 0 | 1;
    };
  }
  const MP4: {
    generateInitSegment(metadata: TrackMetadata): Uint8Array<ArrayBuffer>;
    moof(track: { id: number; sequenceNumber: number; samples: readonly Mp4Sample[] }, dts: number): Uint8Array;
    mdat(data: Uint8Array): Uint8Array;
  };
  export default MP4;
}

declare module 'mpegts-parts/aac-silent' {
  const AAC: { getSilentFrame(codec: string, channels: number): Uint8Array | null };
  export default AAC;
}

declare module 'mpegts-parts/logger' {
  const Log: Record<'ENABLE_ERROR' | 'ENABLE_INFO' | 'ENABLE_WARN' | 'ENABLE_DEBUG' | 'ENABLE_VERBOSE', boolean>;
  export default Log;
}
