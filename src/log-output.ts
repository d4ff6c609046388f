// Where the log's lines go: one descriptor, written to without ever waiting for whoever reads it, and without ending
// the program when it cannot be written. Lines that cannot be written are lost and counted.
//
//   writable ──(EAGAIN: nobody reads)──▶ waiting ──(read again)──▶ writable     waiting lines are bounded: the oldest go
//   writable ──(ENOSPC, EPIPE, EIO …)──▶ failing ──(it works again)──▶ writable   lines are lost meanwhile
//
// Node's own process.stdout is no help here: on a pipe it keeps what is not read in memory without a limit, on a terminal
// that is held (Ctrl-S) it stops the program, and any error is an uncaught exception.

import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** What became of the lines. */
export interface LogState {
  /** Lines lost since the start. */
  readonly lostLines: number;
  /** Bytes that wait for whoever reads the log. */
  readonly waitingBytes: number;
  /** Why it cannot be written now, in words; null: it can. */
  readonly error: string | null;
}

/** The state of a log that goes to no descriptor. */
export const LOG_WELL: LogState = { lostLines: 0, waitingBytes: 0, error: null };

/** Limits and waits; tests shorten them. */
export interface LogOutputOptions {
  /** Bytes that may wait for a slow reader. */
  readonly maxWaitingBytes: number;
  /** How often a reader that does not read is tried again. */
  readonly waitMs: number;
  /** How often a log that cannot be written is tried again. */
  readonly retryMs: number;
}

const DEFAULTS: LogOutputOptions = { maxWaitingBytes: 256 * 1024, waitMs: 50, retryMs: 1000 };
/** How long {@link LogOutput.flush} sleeps between two tries. */
const FLUSH_STEP_MS = 5;

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file has reached its largest size',
  EPIPE: 'whoever read it has gone',
  EIO: 'the terminal is closed, or the device fails',
  EBADF: 'it is not open for writing',
  EROFS: 'the file system has become read-only',
};

const NOTHING = Buffer.alloc(0);

/** Writes lines to a descriptor. */
export class LogOutput {
  readonly #given: number;
  readonly #options: LogOutputOptions;
  readonly #line: (lost: number) => string;
  #fd = -1; // opened at the first line
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #written = 0; // of the first that waits
  #isMidLine = false; // an error came in the middle of a line
  #lost = 0;
  #untold = 0; // lost since the last line that said so
  #telling = 0; // of them, in the line that is half written
  #error: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** Called when it cannot be written any more, with the system's code. */
  onError: (code: string) => void = () => undefined;

  /** @param lostLine the line that says how many are lost, without its end. */
  constructor(fd: number, lostLine: (lost: number) => string, options: Partial<LogOutputOptions> = {}) {
    this.#given = fd;
    this.#line = lostLine;
    this.#options = { ...DEFAULTS, ...options };
  }

  get state(): LogState {
    return { lostLines: this.#lost, waitingBytes: this.#waitingBytes - this.#written, error: this.#error };
  }

  /** Writes whole lines, now or as soon as they are taken. Never waits, never throws. */
  write(text: string): void {
    this.#push(Buffer.from(text));
    this.#pump();
  }

  /** Waits for what is not written yet, but not longer than `ms`: for the end of the program, where nothing else is to do. */
  flush(ms: number): void {
    const deadline = performance.now() + ms;
    const lock = new Int32Array(new SharedArrayBuffer(4));
    while (this.#waiting.length > 0 && performance.now() < deadline) {
      this.#pump();
      if (this.#waiting.length > 0) Atomics.wait(lock, 0, 0, FLUSH_STEP_MS);
    }
  }

  /** Gives the descriptor up, and what waits for it. */
  close(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#waitingBytes = this.#written = this.#untold = this.#telling = 0;
    if (this.#fd !== -1 && this.#fd !== this.#given) closeSync(this.#fd);
    this.#fd = -1;
  }

  #push(line: Buffer): void {
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    // The oldest is lost, unless half of it is written already: then the one behind it.
    while (this.#waitingBytes > this.#options.maxWaitingBytes && this.#waiting.length > 1) {
      const [gone] = this.#waiting.splice(this.#written > 0 ? 1 : 0, 1) as [Buffer];
      this.#waitingBytes -= gone.length;
      this.#lose(1);
    }
  }

  #lose(count: number): void {
    this.#lost += count;
    this.#untold += count;
  }

  #pump(): void {
    try {
      if (this.#fd === -1) this.#fd = openWithoutWaiting(this.#given);
      while (this.#waiting.length > 0 || this.#untold > 0) {
        const told = this.#untold;
        const line = this.#next();
        const written = writeSync(this.#fd, line, this.#written);
        if (written === 0) continue;
        if (this.#written === 0) this.#began(line, told);
        this.#written += written;
        if (this.#written === line.length) this.#ended(line);
      }
      this.#error = null;
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException);
    }
  }

  /** What is to be written: with the line about those that are lost in front, where they would have been. */
  #next(): Buffer {
    const line = this.#waiting[0] ?? NOTHING;
    if (this.#written > 0 || this.#untold === 0) return line;
    return Buffer.concat([Buffer.from(`${this.#isMidLine ? '\n' : ''}${this.#line(this.#untold)}\n`), line]);
  }

  /** A part of it is written: it stays as it is until it is whole. */
  #began(line: Buffer, told: number): void {
    this.#waitingBytes += line.length - (this.#waiting[0]?.length ?? 0);
    this.#waiting[0] = line;
    this.#untold -= told;
    this.#telling = told;
  }

  #ended(line: Buffer): void {
    this.#waiting.shift();
    this.#waitingBytes -= line.length;
    this.#written = this.#telling = 0;
    this.#isMidLine = false;
  }

  #failed({ code = '', message }: NodeJS.ErrnoException): void {
    const { waitMs, retryMs } = this.#options;
    if (code === 'EAGAIN') {
      this.#error = null;
      this.#again(waitMs);
      return;
    }
    this.#isMidLine ||= this.#written > 0;
    this.#lose(this.#waiting.length);
    this.#untold += this.#telling;
    this.#waiting = [];
    this.#waitingBytes = this.#written = this.#telling = 0;
    const before = this.#error;
    this.#error = `${WORDS[code] ?? message} (${code})`;
    this.#again(retryMs);
    if (this.#error !== before) this.onError(code);
  }

  #again(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#pump(), ms).unref();
  }
}

/**
 * A descriptor for the same thing that returns EAGAIN where the given one would wait. A pipe or terminal is opened once more,
 * because O_NONBLOCK belongs to the open file, which other programs share; what cannot be (a socket, as systemd's journal
 * hands it out) is made so by Node, which undoes it at exit. A file needs nothing.
 */
function openWithoutWaiting(fd: number): number {
  const status = fstatSync(fd);
  if (status.isFile()) return fd;
  if (isatty(fd) || status.isFIFO()) {
    try {
      const again = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
      if (fstatSync(again).rdev === status.rdev && fstatSync(again).ino === status.ino) return again;
      closeSync(again);
    } catch {
      // no /proc, not ours to open, or nobody reads it now
    }
  }
  if (isatty(fd)) return fd;
  if (fd === 1) process.stdout.on('error', () => undefined); // the getter does it
  return fd;
}
