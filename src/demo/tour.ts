// The tour: what a user would do with a running stream, step by step, each with the effect to expect.

import type { Call } from './rest.js';

export const STREAM = 'stream/demo';
export const PICTURE_FEED = 'demo/video';
export const SOUND_FEED = 'demo/audio';
export const TOPIC = 'demo';
const DESTINATION_ID = 'demo';

/** The servers' URLs, without a trailing slash. */
export interface DemoAddresses {
  readonly relay: string;
  readonly endpoints: readonly [string, string];
}

/** The relay server, by index. */
export type EndpointIndex = 0 | 1;

/** A step of the tour. */
export interface TourStep {
  readonly title: string;
  readonly call: Call;
  readonly expected: string;
  /** The relay server that has the stream afterwards; undefined: unchanged. */
  readonly endpoint?: EndpointIndex;
}

/** The stream's rule, with these feeds. */
export function streamCall(addresses: DemoAddresses, feeds: readonly string[]): Call {
  return { method: 'POST', url: `${addresses.relay}/api/streams`, body: { stream: STREAM, feeds } };
}

/** The rule that sends the stream to a relay server. */
export function destinationCall(addresses: DemoAddresses, which: EndpointIndex): Call {
  const body = { id: DESTINATION_ID, stream: STREAM, destination: publishUrl(addresses, which) };
  return { method: 'POST', url: `${addresses.relay}/api/destinations`, body };
}

/** The URL at which a relay server receives the stream. */
export function publishUrl(addresses: DemoAddresses, which: EndpointIndex): string {
  return `${addresses.endpoints[which].replace(/^http/, 'ws')}/in/${TOPIC}`;
}

/** The tour's steps in order; the last restores the initial state. */
export function tourSteps(addresses: DemoAddresses): TourStep[] {
  const room = `${addresses.relay}/api/mutes/all`;
  return [
    {
      title: 'Mute: the rule of the stream, without the sound.',
      call: streamCall(addresses, [PICTURE_FEED]),
      expected: 'The beeps stop. The picture goes on.',
    },
    {
      title: 'Unmute: the rule as it was.',
      call: streamCall(addresses, [PICTURE_FEED, SOUND_FEED]),
      expected: 'The beeps are back, in time with the flashes.',
    },
    {
      title: 'Swap the relay server: the same id, another address.',
      call: destinationCall(addresses, 1),
      expected: 'The page of relay server 2 plays. That of relay server 1 keeps its last picture.',
      endpoint: 1,
    },
    {
      title: 'Mute the whole room: every sound of every feed.',
      call: { method: 'PUT', url: room, body: { tracks: 'audio' } },
      expected: 'No beeps anywhere, whatever the rules say. The picture goes on.',
    },
    {
      title: 'Unmute the room.',
      call: { method: 'DELETE', url: room },
      expected: 'The beeps are back.',
    },
    {
      title: 'Swap the relay server back.',
      call: destinationCall(addresses, 0),
      expected: 'The page of relay server 1 plays on. That of relay server 2 keeps its last picture.',
      endpoint: 0,
    },
  ];
}
