// A source of literal packets, in step with the clock on the wall: its tables are seldom, so that a test sees who adds others.

import { afterTest } from '../cleanup.js';
import { packet, patSection, pmtSection, sectionPackets } from '../mpegts/ts.js';
import type { RawUpload } from './upload.js';

const [PMT, PICTURE, SOUND] = [0x1000, 0x100, 0x101];

/** What a {@link TickingSource} has. */
export interface SourceOptions {
  /** Bytes that fill its PMT. */
  readonly stuffing?: number;
  /** Which tracks it has; both, if it does not say. */
  readonly tracks?: readonly ('picture' | 'sound')[];
}

/** A source of 25 pictures a second with sound, or of one of the two, whose tables come once a second. */
export class TickingSource {
  #sent = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #counters = new Map<number, number>();

  constructor(
    private readonly upload: RawUpload,
    private readonly options: SourceOptions = {},
  ) {
    afterTest(() => this.stop());
  }

  start(): this {
    this.#timer = setInterval(() => this.send(), 40);
    return this;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A keyframe is sent with tables, every second. */
  send(): void {
    const isKey = this.#sent % 25 === 0;
    const tables = isKey ? [this.#table(0, patSection(PMT)), this.#table(PMT, this.#pmt())] : [];
    const pts = 90_000 + this.#sent++ * 3600;
    const picture = this.#has('picture') ? [this.#unit(PICTURE, 0xe0, pts, isKey)] : [];
    const sound = this.#has('sound') ? [this.#unit(SOUND, 0xc0, pts)] : [];
    this.upload.chunk(Buffer.concat([...tables, ...picture, ...sound]));
  }

  #has(track: 'picture' | 'sound'): boolean {
    return this.options.tracks?.includes(track) ?? true;
  }

  #pmt(): Buffer {
    const { stuffing = 0 } = this.options;
    const descriptors = stuffing === 0 ? [] : [0xf1, stuffing, ...Array<number>(stuffing).fill(7)];
    const picture = this.#has('picture') ? [{ streamType: 0x02, pid: PICTURE, descriptors }] : [];
    return pmtSection([...picture, ...(this.#has('sound') ? [{ streamType: 0x03, pid: SOUND }] : [])]);
  }

  #table(pid: number, section: Buffer): Buffer {
    const packets = sectionPackets(pid, section, this.#next(pid));
    for (let i = 1; i < packets.length / 188; i++) this.#next(pid);
    return packets;
  }

  #unit(pid: number, streamId: number, pts: number, randomAccess = false): Buffer {
    const time = [0x21 | ((pts >> 29) & 0x0e), (pts >> 22) & 0xff, ((pts >> 14) & 0xfe) | 1, (pts >> 7) & 0xff];
    const payload = Buffer.from([0, 0, 1, streamId, 0, 0, 0x80, 0x80, 5, ...time, ((pts << 1) & 0xfe) | 1]);
    return packet({ pid, counter: this.#next(pid), startsUnit: true, randomAccess, payload });
  }

  #next(pid: number): number {
    const next = ((this.#counters.get(pid) ?? 15) + 1) & 0x0f;
    this.#counters.set(pid, next);
    return next;
  }
}
