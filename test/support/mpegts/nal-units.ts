// The pictures of a capture, and transport streams in which each of their NAL units has its own PES packet.

import { pesPackets, tablesOf } from './synthetic.js';

/** ffmpeg's first PID: the video's. */
export const PID = 0x100;

/** A picture of a capture: its timestamps, 33 bits, and its elementary stream. */
export interface Picture {
  readonly pts: number;
  readonly dts: number;
  readonly es: Buffer;
}

const stampAt = (b: Buffer, i: number): number =>
  ((b[i]! >> 1) & 7) * 2 ** 30 + (b.readUInt16BE(i + 1) >> 1) * 2 ** 15 + (b.readUInt16BE(i + 3) >> 1);

/** The pictures of a capture. */
export function picturesOf(bytes: Buffer): Picture[] {
  const units: Buffer[][] = [];
  for (let at = 0; at < bytes.length; at += 188) {
    if ((bytes.readUInt16BE(at + 1) & 0x1fff) !== PID || !(bytes[at + 3]! & 0x10)) continue;
    const from = bytes[at + 3]! & 0x20 ? at + 5 + bytes[at + 4]! : at + 4;
    if (bytes[at + 1]! & 0x40) units.push([]);
    units.at(-1)?.push(bytes.subarray(from, at + 188));
  }
  return units.map((parts) => {
    const all = Buffer.concat(parts);
    const pts = stampAt(all, 9);
    return { pts, dts: all[7]! >> 6 === 3 ? stampAt(all, 14) : pts, es: all.subarray(9 + all[8]!) };
  });
}

/** The NAL units of a picture, each with its start code. */
export function nalUnits(es: Buffer): Buffer[] {
  const starts: number[] = [];
  for (let i = 0; i + 3 < es.length; i++) {
    if (es.readUIntBE(i, 3) === 1) starts.push(i > 0 && es[i - 1] === 0 ? i - 1 : i);
  }
  return starts.map((from, i) => es.subarray(from, starts[i + 1] ?? es.length));
}

/** Replaces PTS and DTS of a PES header by stuffing. */
export function withoutStamps(pes: Buffer): void {
  const at = pes[3]! & 0x20 ? 5 + pes[4]! : 4;
  pes[at + 7] = 0;
  pes.fill(0xff, at + 9, at + 9 + pes[at + 8]!);
}

export interface NalPes {
  /** Whether all PES packets have the picture's timestamps, or only the first. */
  readonly areAllStamped: boolean;
  /** Whether PES_packet_length is set. */
  readonly areBounded: boolean;
}

/** The video of a capture with one PES packet for each NAL unit; one list of packets for each picture. */
export function inNalUnits(bytes: Buffer, type: number, { areAllStamped, areBounded }: NalPes): Buffer[] {
  let counter = 0;
  return picturesOf(bytes).map(({ pts, dts, es }, n) => {
    const packets = nalUnits(es).map((payload, i) => {
      const pcr = i === 0 ? { pcr: dts - 63_000 } : {};
      const pes = pesPackets({ pid: PID, streamId: 0xe0, pts, dts, ...pcr, counter, payload });
      const at = 5 + pes[4]!;
      const length = payload.length + 13; // the bytes after PES_packet_length
      if (areBounded && length < 65_536) pes.writeUInt16BE(length, (pes[3]! & 0x20 ? at : 4) + 4);
      if (i > 0 && !areAllStamped) withoutStamps(pes);
      counter += pes.length / 188;
      return pes;
    });
    return Buffer.concat([tablesOf([{ pid: PID, type }], PID, n), ...packets]);
  });
}
