// Bounds the work that one read of a connection causes at once in Node's HTTP parser: 64 KiB may hold 2,000 requests or
// 11,000 chunks of a body, and the parser emits all of them at once. Here a read is passed on in slices of a few lines,
// over as many turns of the event loop as it takes; the connection is not read meanwhile. A TLS connection may deliver
// one byte a record: many small reads are joined first, also for readers other than Node's parser.
//
// This uses the contract for implementers of Readable: a source calls `push`, which returns whether to continue, and is
// asked for more with `_read`. Both are replaced on the socket itself. Node's parser bypasses them and reads the
// socket's handle until there is a listener for 'data': adding one for a moment makes it read the socket. If a version
// of Node behaves differently, nothing is throttled and everything else works; parser-throttle.test.ts then fails.

import type { Socket } from 'node:net';
import { FreeAllowance, type StepResult, type Steps, turns, type Turns } from '../../fairness/turns.js';

/** Lines in one slice: some ten requests, or sixteen chunks. */
const SLICE_LINES = 32;
/** Lines that all connections together may pass to the parser in one turn of the event loop without being timed. */
const FREE_LINES = 16 * SLICE_LINES;
/** Bytes in one slice if lines are not counted. */
const SLICE_BYTES = 1 << 14;
/** A read shorter than this is small. */
const SMALL_BYTES = 512;
/** Small reads of a connection that pass in one turn. */
const FREE_READS = 16;
/** From this many small reads on, turns are counted. */
const WATCHED_READS = 4;

const atOnce = (then: () => void): void => then();

const CRLF = Buffer.from('\r\n');
const freeLines = new FreeAllowance(turns, FREE_LINES);

/** The part of a Readable that its source uses. */
interface SocketStream {
  push(chunk: Buffer | null): boolean;
  _read(size: number): void;
}

const throttles = new WeakMap<object, ParserThrottle>();

/** The throttle on a connection; undefined: there is none. */
export function throttleOf(socket: object): ParserThrottle | undefined {
  return throttles.get(socket);
}

/** Sits between a connection and its reader. */
export class ParserThrottle implements Steps {
  readonly #socket: Socket;
  readonly #push: (chunk: Buffer | null) => boolean; // the socket's own
  readonly #read: (size: number) => void;
  readonly #turns: Turns;
  readonly #free: FreeAllowance;
  #buffered: Buffer[] = []; // read but not pushed yet
  #isEnded = false; // behind #rest
  #wantedBytes = 0; // requested by the reader, not passed on yet
  #isQueued = false;
  #holdCount = 0;
  #isDropping = false;
  #countsLines = false;
  #beforeEnd: (end: () => void) => void = atOnce;
  #turn = -1; // that #reads belongs to
  #smallReads = 0; // small ones

  /** Takes over reading `socket`. Its reader must have got everything that has been read so far. */
  constructor(socket: Socket, shared: Turns = turns, free: FreeAllowance = freeLines) {
    const source = socket as unknown as SocketStream;
    this.#socket = socket;
    this.#push = source.push.bind(socket);
    this.#read = source._read.bind(socket);
    this.#turns = shared;
    this.#free = free;
    source.push = (chunk) => this.#receive(chunk);
    source._read = (size) => this.#readRequested(size);
    socket.on('resume', () => this.#wake());
    socket.once('close', () => (this.#buffered = []));
    throttles.set(socket, this);
  }

  /**
   * Node's parser, which is already attached, reads this connection from now on. Node answers nothing more once the
   * peer has
   * ended, so that end is withheld: `beforeEnd` calls its argument when Node may get it.
   */
  parserReads(beforeEnd: (end: () => void) => void = atOnce): void {
    this.#beforeEnd = beforeEnd;
    const nothing = () => undefined;
    this.#socket.on('data', nothing).off('data', nothing);
    this.#countsLines = true;
  }

  /** Another reader takes over. */
  parserReleased(): void {
    this.#beforeEnd = atOnce;
    this.#countsLines = false;
  }

  /** Puts `bytes` back in front of everything that has not been pushed. The socket is paused. */
  unread(bytes: Buffer): void {
    if (this.#buffered.length === 0 && this.#isFree(bytes)) this.#socket.unshift(bytes);
    else this.#buffered.unshift(bytes);
  }

  /** Stops pushing until {@link release} has been called as often. */
  hold(): void {
    if (!this.#isDropping) this.#holdCount++;
  }

  release(): void {
    if (this.#isDropping || --this.#holdCount > 0) return;
    if (this.#hasMore()) this.#wake();
    else if (this.#isEnded) this.#end();
    else this.#forward();
  }

  /** Discards what is read from now on: it is answered already. */
  drop(): void {
    this.#isDropping = true;
    this.#buffered = [];
    this.#holdCount = 0;
    if (this.#isEnded) this.#end();
    else this.#forward();
  }

  /** Pushes the next slice. */
  step(): StepResult {
    this.#isQueued = false;
    if (!this.#mayPush()) return 'done';
    const slice = this.#nextSlice();
    const isTaken = this.#push(slice);
    if (!this.#hasMore()) {
      if (this.#isEnded && this.#holdCount === 0) this.#end();
      return 'done';
    }
    if (!isTaken || !this.#mayPush()) return 'waiting'; // for #wanted, 'resume' or release
    this.#isQueued = true;
    return 'more';
  }

  /** The socket has read something; null: its end. Returns whether to continue reading. */
  #receive(chunk: Buffer | null): boolean {
    if (chunk === null) {
      this.#isEnded = true;
      if (!this.#hasMore() && this.#holdCount === 0) this.#end();
      return false;
    }
    if (this.#isDropping) return true;
    if (this.#buffered.length === 0 && this.#holdCount === 0 && this.#isFree(chunk)) return this.#push(chunk);
    this.#buffered.push(chunk);
    if (!this.#isQueued && this.#mayPush()) this.#queue();
    return false;
  }

  /** Whether a read may be pushed unchanged. */
  #isFree(chunk: Buffer): boolean {
    if (chunk.length < SMALL_BYTES) {
      const { number } = this.#turns;
      if (this.#turn !== number) {
        this.#turn = number;
        this.#smallReads = 0;
      }
      if (++this.#smallReads > FREE_READS) return false;
      if (this.#smallReads >= WATCHED_READS) this.#turns.watch();
    }
    if (!this.#countsLines) return true;
    const lines = linesIn(chunk);
    return lines <= SLICE_LINES && this.#free.spend(lines);
  }

  /** The reader of the socket wants more. */
  #readRequested(size: number): void {
    this.#wantedBytes = size;
    if (this.#hasMore()) this.#wake();
    else if (this.#holdCount === 0 && !this.#isEnded) this.#forward();
  }

  #forward(): void {
    const size = this.#wantedBytes;
    if (size === 0 || this.#socket.destroyed) return;
    this.#wantedBytes = 0;
    this.#read(size);
  }

  #wake(): void {
    if (!this.#hasMore() || this.#isQueued || !this.#mayPush()) return;
    this.#queue();
  }

  #queue(): void {
    this.#isQueued = true;
    this.#turns.queue(this);
  }

  #end(): void {
    this.#isEnded = false;
    this.#beforeEnd(() => {
      this.#push(null);
      this.#socket.read(0); // as Node does after an end
    });
  }

  /** A method, because TypeScript assumes that nothing changes while a slice is pushed. */
  #hasMore(): boolean {
    return this.#buffered.length > 0;
  }

  #mayPush(): boolean {
    return this.#hasMore() && this.#holdCount === 0 && !this.#socket.destroyed && !this.#socket.isPaused();
  }

  #nextSlice(): Buffer {
    const [first, ...more] = this.#buffered;
    const all = first && more.length === 0 ? first : Buffer.concat(this.#buffered);
    const end = this.#countsLines ? endOfLines(all, SLICE_LINES) : Math.min(all.length, SLICE_BYTES);
    this.#buffered = end < all.length ? [all.subarray(end)] : [];
    return all.subarray(0, end);
  }
}

/** The number of line ends in `bytes`, at most one more than in a slice. */
function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(CRLF); at !== -1 && lines <= SLICE_LINES; at = bytes.indexOf(CRLF, at + 2)) lines++;
  return lines;
}

/** The position after `most` line ends. */
function endOfLines(bytes: Buffer, most: number): number {
  let end = 0;
  for (let lines = 0; lines < most; lines++) {
    const at = bytes.indexOf(CRLF, end);
    if (at === -1) return bytes.length;
    end = at + 2;
  }
  return end;
}
