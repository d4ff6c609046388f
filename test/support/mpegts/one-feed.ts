// A Remuxer with one feed, and packets for it that a test specifies bit by bit.

import { START_TIMEOUTS } from '../../../src/relay/delivery/access-timeouts.js';
import { Remuxer, type RemuxInput } from '../../../src/mpegts/remux/remuxer.js';
import { pesPackets, tablesOf, type Es } from './synthetic.js';

export const VIDEO: Es = { pid: 0x100, type: 0x1b };
export const AUDIO: Es = { pid: 0x101, type: 0x0f };
export const CAM: RemuxInput[] = [{ feed: 'cam', select: 'all' }];

/** A Remuxer with one feed of these tracks, and its output for packets. */
export function one(
  tracks: readonly Es[],
  pcrPid = tracks[0]!.pid,
): { remuxer: Remuxer; push: (...packets: Buffer[]) => Buffer } {
  const remuxer = new Remuxer('owned', START_TIMEOUTS);
  remuxer.setInputs(CAM, 0);
  let atMs = 0;
  const push = (...packets: Buffer[]): Buffer =>
    Buffer.from(remuxer.push('cam', { data: Buffer.concat(packets), startsSource: atMs === 0 }, (atMs += 40)) ?? []);
  push(tablesOf(tracks, pcrPid));
  return { remuxer, push };
}

export const bytes = (count: number, value = 0x55): Uint8Array => new Uint8Array(count).fill(value);
export const picture = (counter: number, dts: number, more: Partial<Parameters<typeof pesPackets>[0]> = {}): Buffer =>
  pesPackets({
    pid: 0x100,
    streamId: 0xe0,
    pts: dts,
    counter,
    access: true,
    pcr: dts - 9000,
    payload: bytes(100),
    ...more,
  });

export const headersOf = (data: Uint8Array): string[] =>
  Array.from({ length: data.length / 188 }, (_, i) => Buffer.from(data.subarray(i * 188, i * 188 + 4)).toString('hex'));
