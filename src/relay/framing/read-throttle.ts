// Bounds the work that one read of a WebSocket's connection makes at once. A read of 64 KiB may hold 32,000 empty frames,
// and ws emits all of them in one go, even after pause(): all other connections wait for seconds. Here a read of few
// frames passes untouched; one of many is handed to ws's receiver in slices, over as many turns of the event loop as it
// takes. The connection is not read meanwhile: the receiver has not taken the last write, so ws pauses it by itself.
//
// This is the one file that knows ws's receiver: that it is a Writable at `_receiver`, fed with `write`. `_write` is what
// Node has subclasses of Writable implement, so its contract (one call at a time, until the callback) is not ws's to change.
// Where the receiver is another, nothing is throttled and everything else works: read-throttle.test.ts fails then.
// (ws's `allowSynchronousEvents: false` hands out one message a turn, but neither sees fragments nor the cost of a message.)

import type { WebSocket } from 'ws';
import { FrameCounter } from './frame-counter.js';
import { type StepResult, type Steps, turns, type Turns } from '../../fairness/turns.js';

/** Frames of one connection that pass in one turn of the event loop without being timed. Media comes with a handful. */
const FREE_FRAMES = 16;
/** From this many frames on, the turns of the event loop are counted. */
const WATCHED_FRAMES = 4;
/** Frames in one slice; the time is checked between slices. */
const SLICE_FRAMES = 4;

type ChunkConsumed = (error?: Error | null) => void;
type Write = (chunk: Buffer, encoding: BufferEncoding, taken: ChunkConsumed) => void;
/** What is used of ws's receiver. */
interface Receiver {
  readonly writableLength: number;
  _write: Write;
}

/** Stands between one connection and ws's receiver. */
class ReadThrottle implements Steps {
  readonly #write: Write; // the receiver's own
  readonly #turns: Turns;
  readonly #throttled: () => void;
  readonly #walk = new FrameCounter();
  #turn = -1; // that #frames belongs to
  #frames = 0;
  #chunk: Buffer | null = null; // a read that is being handed on in slices: those before #from are
  #from = 0;
  #to = 0;
  #consumed: ChunkConsumed = () => undefined; // the receiver's callback for a read that it has consumed
  #isStepping = false;
  #slicesOut = 0; // 1 where the receiver takes a slice later
  readonly #sliceTaken: ChunkConsumed = (error) => this.#sliceConsumed(error);

  constructor(receiver: Receiver, throttled: () => void, shared: Turns) {
    this.#write = receiver._write.bind(receiver);
    this.#turns = shared;
    this.#throttled = throttled;
    receiver._write = (chunk, encoding, taken) => this.#receive(chunk, encoding, taken);
  }

  /** Hands the next slice on. */
  step(): StepResult {
    const chunk = this.#chunk;
    if (chunk === null) return 'done';
    if (this.#to === this.#from) this.#to = this.#walk.advance(chunk, this.#from, SLICE_FRAMES);
    const slice = chunk.subarray(this.#from, this.#to);
    this.#from = this.#to;
    this.#isStepping = true;
    this.#slicesOut++;
    this.#write(slice, 'binary', this.#sliceTaken);
    this.#isStepping = false;
    if (this.#slicesOut > 0) return 'waiting';
    return this.#hasMore() ? 'more' : 'done';
  }

  #receive(chunk: Buffer, encoding: BufferEncoding, taken: ChunkConsumed): void {
    const { number } = this.#turns;
    if (this.#turn !== number) {
      this.#turn = number;
      this.#frames = 0;
    }
    const end = this.#walk.advance(chunk, 0, FREE_FRAMES - this.#frames);
    this.#frames += this.#walk.frames;
    if (this.#frames >= WATCHED_FRAMES) this.#turns.watch();
    if (end === chunk.length) {
      this.#write(chunk, encoding, taken);
      return;
    }
    this.#chunk = chunk;
    this.#from = 0;
    this.#to = end;
    this.#consumed = taken;
    // In a step the receiver has taken the read before this one, and is given the next by its stream: the step goes on.
    if (this.#isStepping || !this.#turns.run(this)) this.#throttled();
  }

  /** As a call, because TypeScript thinks that `#chunk` cannot change while the receiver takes a slice. */
  #hasMore(): boolean {
    return this.#chunk !== null;
  }

  /** The receiver has taken a slice: at once, unless it is one that does so later. */
  #sliceConsumed(error?: Error | null): void {
    this.#slicesOut--;
    if (this.#chunk === null) return;
    if (error || this.#from === this.#chunk.length) {
      this.#chunk = null;
      this.#consumed(error);
    } else if (!this.#isStepping) {
      this.#turns.run(this);
    }
  }
}

/**
 * Throttles the reading of a WebSocket that was opened just now; its compression is off. `throttled` is called for each
 * read that takes more than one turn of the event loop. Returns whether that is possible with this version of ws.
 */
export function throttleReads(socket: WebSocket, throttled: () => void, shared: Turns = turns): boolean {
  const { _receiver: receiver } = socket as unknown as { _receiver?: Partial<Receiver> };
  if (typeof receiver?._write !== 'function' || typeof receiver.writableLength !== 'number') return false;
  new ReadThrottle(receiver as Receiver, throttled, shared);
  return true;
}
