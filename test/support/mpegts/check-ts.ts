// An independent validator of transport streams: it shares no code with src, so that it does not share its errors.
// ISO/IEC 13818-1 §2.4.3.3 (continuity), §2.4.4 (tables), §2.7 (timing).

/** A message as it was sent. */
export interface Sent {
  readonly data: Uint8Array;
  readonly atMs: number;
}

/** A PES packet in the stream. */
export interface Unit {
  readonly pts: number;
  readonly dts: number;
  readonly atMs: number;
  readonly streamId: number;
  readonly access: boolean;
  /** PCR of the program when it started, 90 kHz; NaN before the first. */
  readonly pcr: number;
  /** The bytes after the PES header. */
  payload: number[];
}

export interface CheckedTrack {
  readonly pid: number;
  readonly streamType: number;
  readonly units: Unit[];
}

export interface Checked {
  readonly errors: string[];
  readonly tracks: Map<number, CheckedTrack>;
  /** version_number of each PMT that differed from the one before. */
  readonly versions: number[];
  readonly pcrs: { value: number; atMs: number }[];
  readonly packets: number;
}

export interface CheckOptions {
  /** The longest interval between two PCRs, by value and by arrival; 100 ms (§2.7.2) by default. */
  readonly pcrMs?: number;
  /** The longest interval between two PMTs, by arrival. */
  readonly tablesMs?: number;
  /** Whether PES payloads are collected. */
  readonly payloads?: boolean;
}

function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte << 24;
    for (let i = 0; i < 8; i++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  }
  return value >>> 0;
}

function stamp(b: Uint8Array, i: number): number {
  const bits = BigInt((b[i]! >> 1) & 7) * 2n ** 30n;
  return Number(bits) + (((b[i + 1]! << 8) | b[i + 2]!) >> 1) * 2 ** 15 + (((b[i + 3]! << 8) | b[i + 4]!) >> 1);
}

function near(value: number, to: number): number {
  return Number.isNaN(to) ? value : to + ((((value - to) % 2 ** 33) + 1.5 * 2 ** 33) % 2 ** 33) - 2 ** 32;
}

/** Checks a sent stream; `errors` is empty for a valid program. */
export function checkTs(sent: readonly Sent[], options: CheckOptions = {}): Checked {
  const { pcrMs = 100, tablesMs = 100, payloads = false } = options;
  const errors: string[] = [];
  const tracks = new Map<number, CheckedTrack>();
  const versions: number[] = [];
  const pcrs: { value: number; atMs: number }[] = [];
  const counters = new Map<number, number>();
  const sections = new Map<number, number[]>();
  const listed = new Map<number, number>();
  const lastDts = new Map<number, number>();
  let pmtPid = -1;
  let pcrPid = -1;
  let pcr = NaN;
  let pmtText = '';
  let lastPmtAt = NaN;
  let sinceTables = Infinity;
  let packets = 0;
  let messageBefore = -Infinity;
  let messageAt = -Infinity;
  const fail = (text: string): number => errors.push(`packet ${packets}: ${text}`);

  const readSection = (pid: number, s: Uint8Array, atMs: number): void => {
    if (crc(s) !== 0) return void fail(`CRC of PID ${pid}`);
    if (pid === 0) {
      pmtPid = ((s[10]! & 31) << 8) | s[11]!;
      return;
    }
    if (atMs - lastPmtAt > tablesMs + 0.001 && atMs - messageBefore <= 60) fail(`PMT after ${atMs - lastPmtAt} ms`);
    lastPmtAt = atMs;
    sinceTables = 0;
    const version = (s[5]! >> 1) & 31;
    const text = Buffer.from(s.subarray(8, s.length - 4)).toString('hex');
    if (text !== pmtText) {
      if (versions.length && version !== (versions.at(-1)! + 1) % 32)
        fail(`version ${version} after ${versions.at(-1)}`);
      versions.push(version);
      pmtText = text;
      pcrPid = ((s[8]! & 31) << 8) | s[9]!;
      listed.clear();
      let i = 12 + (((s[10]! & 15) << 8) | s[11]!);
      while (i < s.length - 4) {
        const id = ((s[i + 1]! & 31) << 8) | s[i + 2]!;
        if (listed.has(id)) fail(`PID ${id} listed twice`);
        listed.set(id, s[i]!);
        if (!tracks.has(id)) tracks.set(id, { pid: id, streamType: s[i]!, units: [] });
        i += 5 + (((s[i + 3]! & 15) << 8) | s[i + 4]!);
      }
    } else if (version !== versions.at(-1)) fail('version changed, PMT did not');
  };

  for (const { data, atMs } of sent) {
    if (atMs !== messageAt) messageBefore = messageAt;
    messageAt = atMs;
    if (data.length % 188 !== 0 || data.length === 0) fail(`message of ${data.length} bytes`);
    for (let at = 0; at + 188 <= data.length; at += 188, packets++) {
      const p = data.subarray(at, at + 188);
      if (p[0] !== 0x47) fail('no sync byte');
      const pid = ((p[1]! & 31) << 8) | p[2]!;
      const start = (p[1]! & 64) !== 0;
      const hasPayload = (p[3]! & 16) !== 0;
      const flags = p[3]! & 32 && p[4]! > 0 ? p[5]! : 0;
      const counter = p[3]! & 15;
      const last = counters.get(pid);
      if (last !== undefined && counter !== (hasPayload ? (last + 1) % 16 : last)) {
        fail(`continuity of PID ${pid}: ${counter} after ${last}`);
      }
      counters.set(pid, counter);
      if (flags & 128) fail(`discontinuity_indicator on PID ${pid}`);
      if (flags & 16 && pid === pcrPid) {
        const base = p[6]! * 2 ** 25 + ((p[7]! << 17) | (p[8]! << 9) | (p[9]! << 1) | (p[10]! >> 7));
        const value = near(base + (((p[10]! & 1) << 8) | p[11]!) / 300, pcr);
        const before = pcrs.at(-1);
        if (before) {
          if (value <= before.value) fail(`PCR goes back: ${value} after ${before.value}`);
          if (value - before.value > pcrMs * 90 * 1.02) fail(`PCR jumps ${(value - before.value) / 90} ms`);
          if (atMs - before.atMs > pcrMs + 0.001) fail(`PCR after ${atMs - before.atMs} ms`);
        }
        pcr = value;
        pcrs.push({ value, atMs });
      }
      const body = hasPayload ? p.subarray(p[3]! & 32 ? 5 + p[4]! : 4) : p.subarray(188);
      if (pid === 0 || pid === pmtPid) {
        let from = 0;
        if (start) from = 1 + body[0]!;
        const so = start ? [] : (sections.get(pid) ?? []);
        so.push(...body.subarray(from));
        sections.set(pid, so);
        const size = 3 + (((so[1]! & 15) << 8) | so[2]!);
        if (so.length >= size && so.length - body.length < size)
          readSection(pid, Uint8Array.from(so.slice(0, size)), atMs);
        continue;
      }
      sinceTables++;
      const track = tracks.get(pid);
      if (!track || !listed.has(pid)) {
        fail(`PID ${pid} is not in the PMT`);
        continue;
      }
      if (!hasPayload) continue;
      if (!start) {
        if (track.units.length === 0) fail(`PID ${pid} does not begin with a unit`);
        if (payloads) track.units.at(-1)?.payload.push(...body);
        continue;
      }
      if (body[0] !== 0 || body[1] !== 0 || body[2] !== 1) {
        fail(`no PES header on PID ${pid}`);
        continue;
      }
      const kind = body[7]! >> 6;
      const access = (flags & 64) !== 0;
      const isVideo = (body[3]! & 0xf0) === 0xe0;
      if (isVideo && track.units.length === 0 && !access)
        fail(`video on PID ${pid} does not begin at a random access point`);
      if (isVideo && access && sinceTables !== 1) fail('no tables before a random access point');
      const pts = kind & 2 ? near(stamp(body, 9), pcr) : NaN;
      const dts = kind === 3 ? near(stamp(body, 14), pcr) : pts;
      const before = lastDts.get(pid);
      if (before !== undefined && dts <= before) fail(`DTS of PID ${pid} goes back: ${dts} after ${before}`);
      lastDts.set(pid, dts);
      if (pts < dts) fail(`PTS before DTS on PID ${pid}`);
      const ahead = (dts - pcr) / 90;
      if (Number.isNaN(pcr)) fail(`a unit of PID ${pid} before the first PCR`);
      else if (ahead < 0 || ahead > 1000) fail(`DTS of PID ${pid} is ${ahead} ms after the PCR`);
      const header = 9 + body[8]!;
      track.units.push({
        pts,
        dts,
        atMs,
        streamId: body[3]!,
        access,
        pcr,
        payload: payloads ? [...body.subarray(header)] : [],
      });
    }
  }
  return { errors, tracks, versions, pcrs, packets };
}
