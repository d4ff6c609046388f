// Finds the row of the registry for a track. Done when a PMT arrives; what follows the packets keeps what it found.
// Pure: no clock, no I/O.

import {
  DATA_COMPONENT_DESCRIPTOR,
  DVB_EXTENSION_DESCRIPTOR,
  formatOf,
  hasRegistration,
  METADATA_POINTER_DESCRIPTOR,
  MPEG_EXTENSION_DESCRIPTOR,
  readDescriptors,
} from '../psi/descriptors.js';
import type { Codec } from './codec.js';
import { CODECS } from './registry.js';

/** What a PMT's entry says of a track's codec. */
export interface CodecEntry {
  readonly streamType: number;
  /** The ES_info descriptors. */
  readonly descriptors: Uint8Array;
}

/** The registration of Blu-ray discs, under which many a stream_type means something else. */
export const HDMV = 'HDMV';

const NOTHING = new Uint8Array(0);

const byType = rowsBy(({ types }) => types);
const byHdmvType = rowsBy(({ hdmvTypes }) => hdmvTypes);
const byFormat = rowsBy(({ formats }) => formats);
const byDescriptor = rowsBy(({ descriptors }) => descriptors);
const byDvbExtension = rowsBy(({ dvbExtensions }) => dvbExtensions);
const byMpegExtension = rowsBy(({ mpegExtensions }) => mpegExtensions);
const byDataComponent = rowsBy(({ dataComponents }) => dataComponents);
const byFormatPattern = CODECS.filter(({ formatPattern }) => formatPattern !== null);
const byName = new Map(CODECS.map((row): [string | null, Codec] => [row.name, row]).reverse()); // the first of a name
const inMediaOnly = rowsBy((row) => (row.name !== null && !isListed(row) ? [row.name] : []));

function rowsBy<Key>(keysOf: (row: Codec) => readonly Key[]): ReadonlyMap<Key, Codec> {
  return new Map(CODECS.flatMap((row) => keysOf(row).map((key): [Key, Codec] => [key, row])));
}

/** Whether anything in a PMT stands for it. */
function isListed(row: Codec): boolean {
  const numbers = [
    row.types,
    row.hdmvTypes,
    row.descriptors,
    row.dvbExtensions,
    row.mpegExtensions,
    row.dataComponents,
  ];
  return numbers.some(({ length }) => length > 0) || row.formats.length > 0 || row.formatPattern !== null;
}

/** The row of a stream_type by itself; `null`: no row has it. */
export function codecOfType(streamType: number): Codec | null {
  return byType.get(streamType) ?? null;
}

/** The row of a stream_type where {@link HDMV} is registered; `null`: there it means what it means elsewhere. */
export function codecOfHdmvType(streamType: number): Codec | null {
  return byHdmvType.get(streamType) ?? null;
}

/** The row for which a descriptor stands; `null`: none. */
export function codecOfDescriptor(tag: number, body: Uint8Array): Codec | null {
  const format = formatOf(tag, body);
  if (format !== null) return codecOfFormat(format);
  return byDescriptor.get(tag) ?? codecOfExtension(tag, body) ?? null;
}

function codecOfFormat(format: string): Codec | null {
  return byFormat.get(format) ?? byFormatPattern.find(({ formatPattern }) => formatPattern!.test(format)) ?? null;
}

function codecOfExtension(tag: number, body: Uint8Array): Codec | undefined {
  const first = body[0] ?? -1;
  if (tag === MPEG_EXTENSION_DESCRIPTOR) return byMpegExtension.get(first);
  if (tag === DVB_EXTENSION_DESCRIPTOR) return byDvbExtension.get(first);
  return tag === DATA_COMPONENT_DESCRIPTOR ? byDataComponent.get((first << 8) | (body[1] ?? 0)) : undefined;
}

/**
 * The codec of a track according to its PMT, of those with a name; `null`: it is none of them. `programDescriptors` are
 * those of the whole program. `Inspector.media` is more exact: it reads the media itself.
 */
export function codecOf(
  { streamType, descriptors }: CodecEntry,
  programDescriptors: Uint8Array = NOTHING,
): Codec | null {
  const isSaid = (format: string) =>
    hasRegistration(programDescriptors, format) || hasRegistration(descriptors, format);
  const ofType = codecOfType(streamType);
  const onBluray = codecOfHdmvType(streamType);
  if (isNamed(ofType) && ofType.namedBy === null) return ofType;
  if (isNamed(onBluray) && isSaid(HDMV)) return onBluray;
  if (isNamed(ofType) && ofType.namedBy !== null && isSaid(ofType.namedBy)) return ofType;
  for (const { tag, body } of readDescriptors(descriptors)) {
    if (tag === METADATA_POINTER_DESCRIPTOR) continue; // says what another track carries
    const described = codecOfDescriptor(tag, body);
    if (isNamed(described)) return described;
  }
  return null;
}

function isNamed(row: Codec | null): row is Codec & { readonly name: string } {
  return row !== null && row.name !== null;
}

/** A track's codec as ffmpeg names it, such as `mpeg1video`; the number (`0x86`) for a stream_type without a name here. */
export function codecName(entry: CodecEntry, programDescriptors: Uint8Array = NOTHING): string {
  return codecOf(entry, programDescriptors)?.name ?? `0x${entry.streamType.toString(16).padStart(2, '0')}`;
}

/** The first row with this name; `null`: none. */
export function codecNamed(name: string): Codec | null {
  return byName.get(name) ?? null;
}

/** The row of a codec that only the media shows, as MPEG-2 under a stream_type of MPEG-1; `null`: it is none of those. */
export function codecInMedia(name: string): Codec | null {
  return inMediaOnly.get(name) ?? null;
}
