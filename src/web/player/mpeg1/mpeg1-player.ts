// Plays MPEG-1 video and MPEG audio with jsmpeg's parts: a picture is decoded when it arrives, and drawn at the next
// animation frame. No buffer and no clock: the newest picture is shown.

import JSMpeg, { type Decoder, type Picture, type Renderer, type Sound } from '@cycjimmy/jsmpeg-player';
import { LatenessMeter } from '../media/lateness-meter.js';
import { decodeFrames } from './mp2-frames.js';
import type { PicturePlayer, PlayerEvents, SoundPlayer } from '../page/player.js';
import { readSequence } from './sequence.js';
import { SoundOut } from './sound-out.js';

const VIDEO_BUFFER_BYTES = 1 << 20;
/** The buffer must have room for what follows. */
const MAX_HELD_BYTES = VIDEO_BUFFER_BYTES / 2;
const AUDIO_BUFFER_BYTES = 1 << 16;
const DELAY_SMOOTHING = 0.1;

/** Shows the pictures of a track. */
export class Mpeg1Picture implements PicturePlayer {
  readonly element: HTMLCanvasElement;
  delayMs = 0;
  shownAt = 0;
  // There is no clock that sound could follow.
  readonly time = -1;
  readonly newest = -1;

  readonly #events: PlayerEvents;
  readonly #demuxer = new JSMpeg.Demuxer.TS();
  readonly #renderer: Renderer;
  #video: Decoder<Picture> | null = null;
  #size = '';
  readonly #lateness = new LatenessMeter();
  #waitsForKey = true;
  #hasStarted = false;
  #arrivedAt = 0;
  #drawing = 0; // id of the requested animation frame; 0: none
  #picture: Parameters<Picture['render']> | null = null;

  constructor(events: PlayerEvents) {
    this.#events = events;
    this.element = document.createElement('canvas');
    this.#renderer = newRenderer(this.element);
    this.#demuxer.connect(JSMpeg.Demuxer.TS.STREAM.VIDEO_1, {
      write: (pts, parts) => this.#receivePicture(pts, parts),
    });
  }

  write(packets: Uint8Array<ArrayBuffer>): void {
    this.#arrivedAt = performance.now();
    this.#demuxer.write(packets.buffer);
    this.#decode();
  }

  tick(): void {
    // Nothing depends on time alone.
  }

  detach(): void {
    // It plays what is written.
  }

  close(): void {
    cancelAnimationFrame(this.#drawing);
    this.#video = null;
    this.#renderer.destroy();
    this.#renderer.gl?.getExtension('WEBGL_lose_context')?.loseContext(); // browsers allow only a few contexts
  }

  #receivePicture(pts: number, parts: readonly Uint8Array[]): void {
    // Also while the page is hidden: when it is shown again soon after, the picture is live at once.
    if (this.#lateness.isTooLate(pts * 1000, performance.now())) {
      this.#waitsForKey = true;
      return;
    }
    const sequence = readSequence(parts[0] ?? new Uint8Array(0));
    if (this.#waitsForKey && !sequence) return;
    if (sequence?.isMpeg2) {
      this.#events.failed('it is MPEG-2, which no browser plays', 'lasting');
      return;
    }
    this.#waitsForKey = false;
    this.#lateness.pictureAccepted();
    if (sequence && `${sequence.width}x${sequence.height}` !== this.#size) {
      this.#size = `${sequence.width}x${sequence.height}`;
      this.#video = this.#newDecoder(); // jsmpeg reads the size once per decoder
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
        this.#picture = picture; // of several in one animation frame only the last is drawn
        this.#drawing ||= requestAnimationFrame(() => this.#draw());
      },
    });
    return decoder;
  }

  /**
   * Decodes what is buffered. The very first picture is drawn before the following ones are decoded, which takes time.
   */
  #decode(): void {
    const video = this.#video;
    if (!video) return;
    const isFirstDue = () => !this.#hasStarted && this.#picture !== null && bytesLeft(video) < MAX_HELD_BYTES;
    decodeAll(video, isFirstDue);
  }

  #draw(): void {
    this.#drawing = 0;
    if (!this.#picture) return;
    this.#renderer.render(...this.#picture);
    this.shownAt = performance.now();
    const delayMs = this.#lateness.ms + this.shownAt - this.#arrivedAt;
    this.delayMs += (delayMs - this.delayMs) * DELAY_SMOOTHING;
    this.#reportStart();
  }

  #reportStart(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#events.started();
    setTimeout(() => this.#decode()); // decodes the rest
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

  /** @param context is running: the user has started it with a click or a key. */
  constructor(context: AudioContext, events: PlayerEvents) {
    this.#events = events;
    this.#out = new SoundOut(context);
    this.#decoder = new JSMpeg.Decoder.MP2Audio({ streaming: true, audioBufferSize: AUDIO_BUFFER_BYTES });
    this.#decoder.connect(this.#out);
    this.#demuxer.connect(JSMpeg.Demuxer.TS.STREAM.AUDIO_1, {
      write: (pts, parts) => {
        // Excess sound is not even decoded: the backlog of a microphone that hung would delay the picture for a second.
        if (!this.#out.hasRoom) return;
        this.#decoder.write(pts, parts);
        decodeFrames(this.#decoder);
      },
    });
  }

  write(packets: Uint8Array<ArrayBuffer>): void {
    this.#demuxer.write(packets.buffer);
    if (this.shownAt === 0 && this.#out.hasPlayed) this.#events.started();
    if (this.#out.hasPlayed) this.shownAt = performance.now();
  }

  tick(): void {
    // Nothing depends on time alone.
  }

  close(): void {
    this.#out.close();
  }
}

/**
 * Decodes what is buffered, or until `isEnough`. jsmpeg stops at each header, and would leave the picture after it for
 * the
 * next call.
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
 * WebGL if the machine has it in hardware. Otherwise the 2D canvas is faster: setting up WebGL in software delayed the
 * first picture by 300 ms.
 */
function newRenderer(canvas: HTMLCanvasElement): Renderer {
  // The last picture stays visible (and readable) until the next.
  const kept = { preserveDrawingBuffer: true };
  const wanted = { ...kept, alpha: false, depth: false, antialias: false, failIfMajorPerformanceCaveat: true };
  const { WebGL, Canvas2D } = JSMpeg.Renderer;
  // jsmpeg requests the context again, and gets the same one.
  if (canvas.getContext('webgl', wanted)) return new WebGL({ canvas, ...kept });
  canvas.getContext('2d', { alpha: false, willReadFrequently: true }); // pixels are computed in JavaScript: keep them in memory
  return new Canvas2D({ canvas });
}
