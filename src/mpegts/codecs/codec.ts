// What is known of a codec: the columns of the registry (registry.ts).
// Pure: no clock, no I/O.

import type { SoundFormat } from './audio/sound-frames.js';
import { sniffSound } from './audio/sound-sniffer.js';
import type { CodedSound, ParameterReader, Parameters } from './parameters.js';
import type { PictureSyntax } from './picture-syntax.js';

/**
 * What a codec codes. `other`: data in PES packets. `sections`: data in sections, not in PES packets. `unknown`: what the
 * stream_type says may be anything.
 */
export type CodecKind = 'video' | 'audio' | 'other' | 'sections' | 'unknown';

/** ffmpeg sends an audio PES packet when the next frame is available: after 20 ms of Opus, 24 of mp2. */
export const HELD_MS = 20;

/** The columns that a row may leave out. No number and no format may be in two rows: a test holds that. */
interface Columns {
  // Where a PMT says so.
  /** stream_type (ISO/IEC 13818-1 table 2-34; from 0x80 on, as others have assigned them). */
  readonly types: readonly number[];
  /** stream_type of Blu-ray discs: where the program, or the track, is registered as HDMV. */
  readonly hdmvTypes: readonly number[];
  /** format_identifier of a registration descriptor, and metadata_format_identifier of a metadata descriptor. */
  readonly formats: readonly string[];
  /** Further ones, if the list has none of them; `null`: there are none. */
  readonly formatPattern: RegExp | null;
  /** Tag of a descriptor that says it by being there. */
  readonly descriptors: readonly number[];
  /** descriptor_tag_extension of DVB's extension descriptor. */
  readonly dvbExtensions: readonly number[];
  /** extension_descriptor_tag of MPEG's extension descriptor. */
  readonly mpegExtensions: readonly number[];
  /** data_component_id of ARIB's data component descriptor. */
  readonly dataComponents: readonly number[];
  /** The name counts only where the program, or the track, has this registration: others use the stream_type too. */
  readonly namedBy: string | null;

  // What its media says.
  /** Reads its parameters from the start of a unit; `null`: they are not read. Not with `frames`. */
  readonly reader: ParameterReader | null;
  /** Sound in frames that are recognised by their first bytes: muxers also send them under another codec's stream_type. */
  readonly frames: SoundFormat | null;
  /** Adds what the track's descriptors say of its parameters. */
  readonly describe: ((descriptors: Uint8Array, found: Parameters) => void) | null;
  /** What a decoder makes of the sound whose frames say `coded`, if that differs. */
  readonly decode: ((coded: CodedSound, descriptors: Uint8Array) => CodedSound) | null;
  /** Which field a picture is, if it is coded in fields: see {@link Parameters.fieldFlagAt}. */
  readonly fieldOf: ((bytes: Uint8Array, from: number, end: number, fieldFlagAt: number) => 0 | 1 | 2) | null;
  /**
   * How its pictures begin: random access points that the multiplexer does not mark, parameter sets to keep for late
   * viewers, pictures in a PES packet; `null`: they are not parsed.
   */
  readonly pictures: PictureSyntax | null;
  /** How long after the end of its sound a PES packet usually arrives. Milliseconds. */
  readonly heldMs: number;
  /** Whether its sections have times of the feed, which a stream moves onto its clock (SCTE-35). By the `types` alone. */
  readonly hasSpliceTimes: boolean;

  // What the player's page says and does, of a track with one of the `types`.
  /** Its name for people; `null`: the page says the track's registration, or just "picture" or "sound". */
  readonly label: string | null;
  /** How a browser plays it: by a decoder in script, or by its own, if it has one; `null`: not at all. */
  readonly playedBy: 'script' | 'browser' | null;
}

/** A row of the registry. */
export interface Codec extends Columns {
  /** As ffmpeg spells it, which is what stats and events show; `null`: only its kind is known here. */
  readonly name: string | null;
  readonly kind: CodecKind;
}

const formats: SoundFormat[] = []; // of all rows: what a sniffer tries

/** Makes a row. All have the same fields in the same order, so that code that reads them stays fast. */
export function codec(name: string | null, kind: CodecKind, columns: Partial<Columns>): Codec {
  const frames = columns.frames ?? null;
  if (frames !== null && !formats.includes(frames)) formats.push(frames);
  return {
    name,
    kind,
    types: columns.types ?? [],
    hdmvTypes: columns.hdmvTypes ?? [],
    formats: columns.formats ?? [],
    formatPattern: columns.formatPattern ?? null,
    descriptors: columns.descriptors ?? [],
    dvbExtensions: columns.dvbExtensions ?? [],
    mpegExtensions: columns.mpegExtensions ?? [],
    dataComponents: columns.dataComponents ?? [],
    namedBy: columns.namedBy ?? null,
    reader: frames === null ? (columns.reader ?? null) : sniffSound(frames.read, formats),
    frames,
    describe: columns.describe ?? null,
    decode: columns.decode ?? null,
    fieldOf: columns.fieldOf ?? null,
    pictures: columns.pictures ?? null,
    heldMs: columns.heldMs ?? HELD_MS,
    hasSpliceTimes: columns.hasSpliceTimes ?? false,
    label: columns.label ?? null,
    playedBy: columns.playedBy ?? null,
  };
}
