// A synthetic source: a transport stream in which the capture time of each unit is known. For tests of timing over long
// spans.

import type { Sent } from './check-ts.js';

export interface SourceOptions {
  readonly feed: string;
  readonly kind: 'video' | 'audio';
  /** Capture time of the first unit, ms. */
  readonly fromMs: number;
  readonly lengthMs: number;
  /** The first timestamp, 90 kHz, 33 bits. */
  readonly stamp?: number;
  /** The drift of the source's clock against ours. */
  readonly ppm?: number;
  /** The duration of a unit. */
  readonly unitMs?: number;
  /** PTS - DTS of a unit. Its message comes by its DTS. */
  readonly leadMs?: (unit: number) => number;
  /** How far the PCR is before DTS. */
  readonly pcrMs?: number;
  /** Units captured before `fromMs + burstMs` arrive at that time, all at once. */
  readonly burstMs?: number;
  /** Additional delay of the message with this unit. */
  readonly lateMs?: (unit: number) => number;
  /** Packets of a unit. */
  readonly packets?: number;
  readonly streamType?: number;
  /** Every how many units one is a random access point. */
  readonly group?: number;
}

export interface SourceMessage extends Sent {
  readonly feed: string;
  readonly begins: boolean;
  /** When the unit's capture started, ms. */
  readonly capturedMs: number;
  readonly kind: 'video' | 'audio';
}

const crcOf = (bytes: Buffer): number => {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte << 24;
    for (let i = 0; i < 8; i++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  }
  return value >>> 0;
};

/** One packet of a table: a section with its CRC_32 added. */
export function tablePacket(pid: number, counter: number, ...section: number[]): Buffer {
  const body = Buffer.from(section);
  const packet = Buffer.alloc(188, 0xff);
  packet.set([0x47, 0x40 | (pid >> 8), pid & 255, 0x10 | (counter & 15), 0, ...body]);
  packet.writeUInt32BE(crcOf(body), 5 + body.length);
  return packet;
}

export interface Es {
  readonly pid: number;
  readonly type: number;
  readonly descriptors?: readonly number[];
}

/** PAT and PMT (PID 0x1000) of a program of these tracks. */
export function tablesOf(tracks: readonly Es[], pcrPid: number, counter = 0, version = 0): Buffer {
  const entries = tracks.flatMap(({ pid, type, descriptors = [] }) => [
    ...[type, 0xe0 | (pid >> 8), pid & 255, 0xf0, descriptors.length],
    ...descriptors,
  ]);
  const flags = 0xc1 | (version << 1);
  return Buffer.concat([
    tablePacket(0, counter, 0, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xf0, 0),
    tablePacket(
      ...[0x1000, counter, 2, 0xb0, 13 + entries.length, 0, 1, flags, 0, 0],
      ...[0xe0 | (pcrPid >> 8), pcrPid & 255, 0xf0, 0, ...entries],
    ),
  ]);
}

function stampBytes(prefix: number, value: number): number[] {
  const v = BigInt(value);
  return [
    (prefix << 4) | (Number((v >> 30n) & 7n) << 1) | 1,
    Number((v >> 22n) & 255n),
    (Number((v >> 15n) & 127n) << 1) | 1,
    Number((v >> 7n) & 255n),
    (Number(v & 127n) << 1) | 1,
  ];
}

export interface PesOptions {
  readonly pid: number;
  readonly streamId: number;
  readonly pts: number;
  readonly dts?: number;
  readonly pcr?: number;
  readonly access?: boolean;
  readonly counter: number;
  /** Bytes of elementary stream. */
  readonly payload: Uint8Array;
  /** Stuffing in the first packet's adaptation field, to leave little room for the header. */
  readonly stuffing?: number;
}

const wrap = (value: number): number => ((value % 2 ** 33) + 2 ** 33) % 2 ** 33;

/** A PES packet as transport packets; stuffing fills up the last one. */
export function pesPackets(options: PesOptions): Buffer {
  const { pid, streamId, pts, dts, pcr, access = false, payload, stuffing = 0 } = options;
  const stamps =
    dts === undefined ? stampBytes(2, wrap(pts)) : [...stampBytes(3, wrap(pts)), ...stampBytes(1, wrap(dts))];
  const length = streamId >= 0xe0 ? 0 : 3 + stamps.length + payload.length;
  const pes = Buffer.concat([
    Buffer.from([0, 0, 1, streamId, length >> 8, length & 255, 0x80, dts === undefined ? 0x80 : 0xc0, stamps.length]),
    Buffer.from(stamps),
    payload,
  ]);
  const packets: Buffer[] = [];
  for (let from = 0, n = 0; from < pes.length; n++) {
    const field: number[] = [];
    if (n === 0 && (access || pcr !== undefined)) field.push((access ? 0x40 : 0) | (pcr === undefined ? 0 : 0x10));
    if (n === 0 && pcr !== undefined) {
      const base = BigInt(Math.floor(wrap(pcr)));
      const ext = Math.round((wrap(pcr) % 1) * 300);
      field.push(Number((base >> 25n) & 255n), Number((base >> 17n) & 255n), Number((base >> 9n) & 255n));
      field.push(Number((base >> 1n) & 255n), (Number(base & 1n) << 7) | 0x7e | (ext >> 8), ext & 255);
    }
    for (let i = 0; n === 0 && i < stuffing; i++) field.push(field.length === 0 ? 0 : 0xff);
    let room = 184 - (field.length ? field.length + 1 : 0);
    const some = Math.min(room, pes.length - from);
    if (some < room && field.length === 0) {
      room--;
      if (some < room) field.push(0);
      else field.push(...[]);
    }
    const short = some < room || field.length ? 184 - 1 - field.length - some : 0;
    const hasField = field.length > 0 || some < 184;
    for (let i = 0; i < short; i++) field.push(0xff);
    packets.push(
      Buffer.from([
        0x47,
        (n === 0 ? 0x40 : 0) | (pid >> 8),
        pid & 255,
        (hasField ? 0x30 : 0x10) | ((options.counter + n) & 15),
      ]),
      Buffer.from(hasField ? [field.length, ...field] : []),
      pes.subarray(from, from + some),
    );
    from += some;
  }
  return Buffer.concat(packets);
}

/** The messages of a source, one for each unit, generated on demand. */
export function* source(options: SourceOptions): Generator<SourceMessage> {
  const { feed, kind, fromMs, lengthMs, ppm = 0, burstMs = 0, lateMs, leadMs, packets = 1, group = 25 } = options;
  const { stamp = 126000, pcrMs = 700, unitMs = kind === 'video' ? 40 : 168 } = options;
  const pid = 0x100;
  const type = options.streamType ?? (kind === 'video' ? 0x02 : 0x03);
  let counter = 0;
  let tables = 0;
  let tablesAt = -Infinity;
  for (let unit = 0; unit * unitMs < lengthMs; unit++) {
    const captured = fromMs + unit * unitMs;
    const whole = kind === 'video' ? captured : captured + unitMs + 20; // ffmpeg waits for the next frame
    const atMs = Math.max(whole, fromMs + burstMs) + (lateMs?.(unit) ?? 0);
    const dts = Math.round(stamp + unit * unitMs * 90 * (1 + ppm / 1e6));
    const payload = new Uint8Array(packets * 184 - 30).fill(unit & 255);
    const pes = pesPackets({
      ...{ pid, streamId: kind === 'video' ? 0xe0 : 0xc0, pts: dts, pcr: dts - pcrMs * 90, counter, payload },
      ...(leadMs && { pts: dts + leadMs(unit) * 90, dts }),
      access: kind === 'audio' || unit % group === 0,
    });
    counter += pes.length / 188;
    const isDue = captured - tablesAt >= 100;
    if (isDue) tablesAt = captured;
    const data = isDue ? Buffer.concat([tablesOf([{ pid, type }], pid, tables++), pes]) : pes;
    yield { feed, kind, data, atMs, begins: unit === 0, capturedMs: captured };
  }
}

/** Several sources in arrival order. */
export function* inOrder(...sources: Generator<SourceMessage>[]): Generator<SourceMessage> {
  const heads = sources.map((each) => each.next());
  for (;;) {
    let first = -1;
    heads.forEach((head, i) => {
      if (head.done) return;
      const best = first < 0 ? undefined : heads[first];
      if (!best || best.done || head.value.atMs < best.value.atMs) first = i;
    });
    const head = heads[first];
    if (!head || head.done) return;
    yield head.value;
    heads[first] = sources[first]!.next();
  }
}

/** A packet with a PCR and nothing else, its continuity_counter 0. */
export function clockPacket(pid: number, pcr: number): Buffer {
  const packet = pesPackets({ pid, streamId: 0xe0, pts: 0, pcr, counter: 0, payload: new Uint8Array(9) });
  packet.set([0x47, pid >> 8, pid & 255, 0x20, 183, 0x10]);
  return packet.subarray(0, 188);
}
