// Plays MPEG-1 video and MPEG audio with jsmpeg's parts: a picture is decoded when it arrives, and drawn with the next
// frame of the screen. No buffer, no clock: what is live is shown.

import JSMpeg, { type Decoder, type Picture, type Renderer, type Sound } from '@cycjimmy/jsmpeg-player';
import { Lateness } from './lateness.js';
import { decodeFrames } from './mp2-frames.js';
import type { PicturePlayer, PlayerEvents, SoundPlayer } from './player.js';
import { readSequence } from './sequence.js';
import { SoundOut } from './sound-out.js';

const VIDEO_BUFFER_BYTES = 1 << 20;
/** The buffer must have room for what comes. */
const MOST_HELD_BYTES = VIDEO_BUFFER_BYTES / 2;
const AUDIO_BUFFER_BYTES = 1 << 16;
const DELAY_SMOOTHING = 0.1;

/** Shows the pictures of a track. */
export class Mpeg1Picture implements PicturePlayer {
  readonly element: HTMLCanvasElement;
  delayMs = 0;
  shownAt = 0;
  // There is no clock that sound could go by.
  readonly time = -1;
  readonly newest = -1;

  readonly #events: PlayerEvents;
  readonly #demuxer = new JSMpeg.Demuxer.TS();
  readonly #renderer: Renderer;
  #video: Decoder<Picture> | null = null;
  #size = '';
  readonly #lateness = new Lateness();
  #waitsForKey = true;
  #hasBegun = false;
  #arrivedAt = 0;
  #drawing = 0; // the frame of the screen that was asked for; 0: none
  #picture: Parameters<Picture['render']> | null = null;

  constructor(events: PlayerEvents) {
    this.#events = events;
    this.element = document.createElement('canvas');
    this.#renderer = newRenderer(this.element);
    this.#demuxer.connect(JSMpeg.Demuxer.TS.STREAM.VIDEO_1, { write: (pts, parts) => this.#take(pts, parts) });
  }

  write(packets: Uint8Array<ArrayBuffer>): void {
    this.#arrivedAt = performance.now();
    this.#demuxer.write(packets.buffer);
    this.#decode();
  }

  tick(): void {
    // Nothing is due by time alone.
  }

  leave(): void {
    // It plays what it is given.
  }

  close(): void {
    cancelAnimationFrame(this.#drawing);
    this.#video = null;
    this.#renderer.destroy();
    this.#renderer.gl?.getExtension('WEBGL_lose_context')?.loseContext(); // browsers have a handful of contexts
  }

  #take(pts: number, parts: readonly Uint8Array[]): void {
    // Also while the page is hidden: when it is shown again a moment later, the picture is live at once.
    if (this.#lateness.isTooLate(pts * 1000, performance.now())) {
      this.#waitsForKey = true;
      return;
    }
    const sequence = readSequence(parts[0] ?? new Uint8Array(0));
    if (this.#waitsForKey && !sequence) return;
    if (sequence?.isMpeg2) {
      this.#events.failed('it is MPEG-2, which no browser plays', true);
      return;
    }
    this.#waitsForKey = false;
    this.#lateness.take();
    if (sequence && `${sequence.width}x${sequence.height}` !== this.#size) {
      this.#size = `${sequence.width}x${sequence.height}`;
      this.#video = this.#newDecoder(); // jsmpeg reads the size once in a decoder's life
    }
    this.#video?.write(pts, parts);
  }

  #newDecoder(): Decoder<Picture> {
    const options = { streaming: true, decodeFirstFrame: false, videoBufferSize: VIDEO_BUFFER_BYTES };
    const decoder = new JSMpeg.Decoder.MPEG1Video(options);
    decoder.connect({
      resize: (width, height) => {
        if (this.#renderer.hasTextureData) this.#renderer.hasTextureData = {}; // textures of the old size
        this.#renderer.resize(width, height);
      },
      render: (...picture) => {
        this.#picture = picture; // of several in one frame of the screen only the last is drawn
        this.#drawing ||= requestAnimationFrame(() => this.#draw());
      },
    });
    return decoder;
  }

  /** Decodes what is there. The very first picture is drawn before those behind it are decoded, which takes its time. */
  #decode(): void {
    const video = this.#video;
    if (!video) return;
    const isFirstDue = () => !this.#hasBegun && this.#picture !== null && bytesLeft(video) < MOST_HELD_BYTES;
    decodeAll(video, isFirstDue);
  }

  #draw(): void {
    this.#drawing = 0;
    if (!this.#picture) return;
    this.#renderer.render(...this.#picture);
    this.shownAt = performance.now();
    const delayMs = this.#lateness.ms + this.shownAt - this.#arrivedAt;
    this.delayMs += (delayMs - this.delayMs) * DELAY_SMOOTHING;
    this.#begin();
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#events.began();
    setTimeout(() => this.#decode()); // what has waited for it
  }
}

/** Plays the sound of a track. */
export class Mp2Sound implements SoundPlayer {
  shownAt = 0;
  readonly time = -1;
  readonly #events: PlayerEvents;
  readonly #demuxer = new JSMpeg.Demuxer.TS();
  readonly #decoder: Decoder<Sound>;
  readonly #out: SoundOut;

  /** @param context runs: the visitor has asked for it with a click or a key. */
  constructor(context: AudioContext, events: PlayerEvents) {
    this.#events = events;
    this.#out = new SoundOut(context);
    this.#decoder = new JSMpeg.Decoder.MP2Audio({ streaming: true, audioBufferSize: AUDIO_BUFFER_BYTES });
    this.#decoder.connect(this.#out);
    this.#demuxer.connect(JSMpeg.Demuxer.TS.STREAM.AUDIO_1, {
      write: (pts, parts) => {
        // Nor is it decoded: what a microphone that hung sends at once would hold up the pictures for a second.
        if (!this.#out.hasRoom) return;
        this.#decoder.write(pts, parts);
        decodeFrames(this.#decoder);
      },
    });
  }

  write(packets: Uint8Array<ArrayBuffer>): void {
    this.#demuxer.write(packets.buffer);
    if (this.shownAt === 0 && this.#out.hasPlayed) this.#events.began();
    if (this.#out.hasPlayed) this.shownAt = performance.now();
  }

  tick(): void {
    // Nothing is due by time alone.
  }

  close(): void {
    this.#out.close();
  }
}

/**
 * Decodes what is there, or until `isEnough`. jsmpeg stops at each header, and would leave the picture behind it for the
 * next time.
 */
function decodeAll(decoder: Decoder<Picture>, isEnough: () => boolean): void {
  const { bits } = decoder;
  for (let before = -1; bits.index < bits.byteLength << 3 && bits.index !== before && !isEnough();) {
    before = bits.index;
    decoder.decode();
  }
}

function bytesLeft({ bits }: Decoder<Picture>): number {
  return bits.byteLength - (bits.index >> 3);
}

/**
 * WebGL where the machine has it in hardware. Without, drawing by hand is quicker: setting up WebGL in software took
 * 300 ms until the first picture.
 */
function newRenderer(canvas: HTMLCanvasElement): Renderer {
  // The last picture is kept, so that it can be seen (and read) until the next.
  const kept = { preserveDrawingBuffer: true };
  const wanted = { ...kept, alpha: false, depth: false, antialias: false, failIfMajorPerformanceCaveat: true };
  const { WebGL, Canvas2D } = JSMpeg.Renderer;
  // jsmpeg asks the canvas again, and is given the same context.
  if (canvas.getContext('webgl', wanted)) return new WebGL({ canvas, ...kept });
  canvas.getContext('2d', { alpha: false, willReadFrequently: true }); // pixels are made by hand: keep them in memory
  return new Canvas2D({ canvas });
}
