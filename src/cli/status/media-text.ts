// Short descriptions of tracks. Pure.

import type { Stats } from '../../relay/stats-schema.js';

type TrackStats = Stats['feeds'][string]['tracks'][number];

/** A track: `mpeg1video 640x480 25/s`, `mp2 44.1 kHz mono`. Unknown values are omitted. */
export function trackText({ codec, width, height, frameRate, sampleRate, channels }: TrackStats): string {
  return [
    codec,
    width !== null && height !== null ? `${width}x${height}` : '',
    frameRate === null ? '' : `${round(frameRate)}/s`,
    sampleRate === null ? '' : `${round(sampleRate / 1000)} kHz`,
    channelsText(channels),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function channelsText(channels: number | null): string {
  if (channels === null) return '';
  return { 1: 'mono', 2: 'stereo' }[channels] ?? `${channels} channels`;
}

/** At most two decimals, without trailing zeros. */
function round(value: number): number {
  return Number(value.toFixed(2));
}
