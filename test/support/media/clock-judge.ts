// Compares a feed's units with a stream's: which came out, how their time stamps were mapped, and their relation to the
// PCR. Has its own parser: it shares no code with the product.

/** A PES packet. */
export interface PesUnit {
  readonly pid: number;
  /** 33 bits, 90 kHz. */
  readonly pts: number;
  readonly dts: number;
  /** DTS - PCR when it began, ms; NaN before the first PCR. */
  readonly aheadMs: number;
  /** Its payload. */
  readonly media: string;
  /** The offset of its first packet. */
  readonly at: number;
}

export interface ReadProgram {
  readonly units: PesUnit[];
  /** Each step from one PCR to the next, ms. */
  readonly pcrSteps: number[];
}

/** How far `a` is after `b`, ticks. */
export const after = (a: number, b: number): number => ((((a - b) % 2 ** 33) + 1.5 * 2 ** 33) % 2 ** 33) - 2 ** 32;
const stampAt = (b: Buffer, i: number): number =>
  ((b[i]! >> 1) & 7) * 2 ** 30 + (b.readUInt16BE(i + 1) >> 1) * 2 ** 15 + (b.readUInt16BE(i + 3) >> 1);

/** The units of a program of PMT PID 0x1000, as ffmpeg and the product make them. */
export function readProgram(bytes: Buffer): ReadProgram {
  const open = new Map<number, { pts: number; dts: number; aheadMs: number; at: number; parts: Buffer[] }>();
  const units: PesUnit[] = [];
  const pcrSteps: number[] = [];
  let pcrPid = -1;
  let pcr = NaN;
  const close = (pid: number): void => {
    const { parts, ...unit } = open.get(pid)!; // called where there is one
    units.push({ pid, ...unit, media: Buffer.concat(parts).toString('base64') });
    open.delete(pid);
  };
  for (let at = 0; at + 188 <= bytes.length; at += 188) {
    const packet = bytes.subarray(at, at + 188);
    const pid = packet.readUInt16BE(1) & 0x1fff;
    const flags = packet[3]! & 0x20 && packet[4]! > 0 ? packet[5]! : 0;
    if (flags & 0x10 && pid === pcrPid) {
      const value = packet.readUInt32BE(6) * 2 + (packet[10]! >> 7) + (packet.readUInt16BE(10) & 0x1ff) / 300;
      if (!Number.isNaN(pcr)) pcrSteps.push(after(value, pcr) / 90);
      pcr = value;
    }
    if (!(packet[3]! & 0x10)) continue;
    const from = packet[3]! & 0x20 ? 5 + packet[4]! : 4;
    if (pid === 0x1000 && packet[1]! & 0x40) pcrPid = packet.readUInt16BE(from + 1 + 8) & 0x1fff;
    if (pid < 0x100 || pid >= 0x1000) continue;
    if (!(packet[1]! & 0x40)) {
      open.get(pid)?.parts.push(packet.subarray(from));
      continue;
    }
    if (open.has(pid)) close(pid);
    const pts = stampAt(packet, from + 9);
    const dts = packet[from + 7]! >> 6 === 3 ? stampAt(packet, from + 14) : pts;
    const media = packet.subarray(from + 9 + packet[from + 8]!);
    open.set(pid, { pts, dts, aheadMs: after(dts, pcr) / 90, at, parts: [media] });
  }
  for (const pid of [...open.keys()]) close(pid);
  return { units, pcrSteps };
}

/** The result for a track. */
export interface TrackVerdict {
  readonly unitsIn: number;
  readonly unitsOut: number;
  /** By how much its stamps were moved: the least and the most, ms. */
  readonly movedMs: readonly [number, number];
  /** By how much PTS - DTS changed at most, ms. */
  readonly leadOffMs: number;
  /** Units with a DTS before the PCR, and how far into the stream the last of them was, units. */
  readonly late: number;
  readonly lastLate: number;
  /** The least and the median of DTS - PCR, ms. */
  readonly aheadMs: readonly [number, number];
}

/** Compares a feed with a stream's output. Tracks are matched by content, units in order. */
export function judgeFeed(input: ReadProgram, output: ReadProgram): TrackVerdict[] {
  return [...new Set(input.units.map(({ pid }) => pid))].map((pid) => {
    const ins = input.units.filter((unit) => unit.pid === pid);
    const known = new Map(ins.map((unit, i) => [unit.media, i]));
    const pids = output.units.filter(({ media }) => known.has(media)).map((unit) => unit.pid);
    const outPid = pids.toSorted((a, b) => count(pids, b) - count(pids, a))[0];
    const outs = output.units.filter((unit) => unit.pid === outPid);
    const moved: number[] = [];
    let leadOffMs = 0;
    let next = 0;
    for (const unit of outs) {
      while (next < ins.length && ins[next]!.media !== unit.media) next++;
      const from = ins[next++];
      if (!from) break;
      moved.push(after(unit.dts, from.dts) / 90);
      leadOffMs = Math.max(leadOffMs, Math.abs(after(unit.pts, unit.dts) - after(from.pts, from.dts)) / 90);
    }
    const ahead = outs.map(({ aheadMs }) => aheadMs);
    return {
      ...{ unitsIn: ins.length, unitsOut: moved.length },
      movedMs: [Math.min(...moved), Math.max(...moved)] as const,
      leadOffMs,
      late: ahead.filter((ms) => ms < 0).length,
      lastLate: ahead.findLastIndex((ms) => ms < 0),
      aheadMs: [Math.min(...ahead), ahead.toSorted((a, b) => a - b)[ahead.length >> 1] ?? NaN] as const,
    };
  });
}

function count(pids: readonly number[], pid: number): number {
  return pids.reduce((n, one) => n + Number(one === pid), 0);
}
