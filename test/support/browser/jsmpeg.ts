// jsmpeg's own demuxer, out of its browser package: it touches nothing of a browser until a player is made.

import { createRequire } from 'node:module';

/** What jsmpeg hands its decoders: what one PES packet carried, as pieces. */
interface Destination {
  write(seconds: number, pieces: readonly Uint8Array[]): void;
}

interface Demuxer {
  connect(streamId: number, destination: Destination): void;
  write(bytes: Uint8Array): void;
}

interface Jsmpeg {
  readonly Demuxer: {
    readonly TS: { new (): Demuxer; readonly STREAM: { readonly VIDEO_1: number; readonly AUDIO_1: number } };
  };
}

const jsmpeg = createRequire(import.meta.url)('@cycjimmy/jsmpeg-player') as Jsmpeg; // it has no types

/** The units of picture and sound that jsmpeg's decoders would get, were these messages to come over its WebSocket. */
export function demuxByJsmpeg(messages: readonly Uint8Array[]): { pictures: Buffer[]; sounds: Buffer[] } {
  const { TS } = jsmpeg.Demuxer;
  const demuxer = new TS();
  const pictures: Buffer[] = [];
  const sounds: Buffer[] = [];
  demuxer.connect(TS.STREAM.VIDEO_1, { write: (_, pieces) => void pictures.push(Buffer.concat(pieces)) });
  demuxer.connect(TS.STREAM.AUDIO_1, { write: (_, pieces) => void sounds.push(Buffer.concat(pieces)) });
  for (const message of messages) demuxer.write(message);
  return { pictures, sounds };
}
