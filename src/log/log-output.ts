// The log's output: one descriptor that is written without blocking on its reader, and whose errors do not end the
// program. Lines that cannot be written are lost and counted.
//
//   writable ──(EAGAIN: no reader)──▶ waiting ──(read again)──▶ writable     waiting lines are bounded: the oldest are lost
//   writable ──(ENOSPC, EPIPE, EIO …)──▶ failing ──(it works again)──▶ writable   lines are lost meanwhile
//
// Node's own process.stdout is not suitable: on a pipe it buffers what is not read without a limit, on a terminal that
// is held (Ctrl-S) it blocks the program, and any error is an uncaught exception.

import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** The state of the log's output. */
export interface LogState {
  /** Lines lost since the start. */
  readonly lostLines: number;
  /** Bytes that wait for the reader of the log. */
  readonly waitingBytes: number;
  /** Why it cannot be written now; null: it can. */
  readonly error: string | null;
}

/** The state of a log without a descriptor. */
export const LOG_HEALTHY: LogState = { lostLines: 0, waitingBytes: 0, error: null };

/** Limits and waits; tests shorten them. */
export interface LogOutputOptions {
  /** Bytes that may wait for a slow reader. */
  readonly maxWaitingBytes: number;
  /** How often a write is retried while the reader does not read. */
  readonly waitMs: number;
  /** How often a write is retried after an error. */
  readonly retryMs: number;
}

const DEFAULTS: LogOutputOptions = { maxWaitingBytes: 256 * 1024, waitMs: 50, retryMs: 1000 };
/** How long {@link LogOutput.flush} sleeps between two attempts. */
const FLUSH_STEP_MS = 5;

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file has reached its largest size',
  EPIPE: 'its reader has gone',
  EIO: 'the terminal is closed, or the device fails',
  EBADF: 'it is not open for writing',
  EROFS: 'the file system has become read-only',
};

const NOTHING = Buffer.alloc(0);

/** Writes lines to a descriptor. */
export class LogOutput {
  readonly #givenFd: number;
  readonly #options: LogOutputOptions;
  readonly #line: (lost: number) => string;
  #fd = -1; // opened at the first line
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #written = 0; // bytes of the first waiting line
  #isMidLine = false; // an error occurred in the middle of a line
  #lostLines = 0;
  #unreported = 0; // lost since they were last reported
  #reporting = 0; // of them, reported by the line that is partly written
  #error: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** Called with the system's error code when writing fails. */
  onError: (code: string) => void = () => undefined;

  /** @param lostLine the line that reports how many are lost, without a newline. */
  constructor(fd: number, lostLine: (lost: number) => string, options: Partial<LogOutputOptions> = {}) {
    this.#givenFd = fd;
    this.#line = lostLine;
    this.#options = { ...DEFAULTS, ...options };
  }

  get state(): LogState {
    return { lostLines: this.#lostLines, waitingBytes: this.#waitingBytes - this.#written, error: this.#error };
  }

  /** Writes whole lines, now or as soon as possible. Never blocks, never throws. */
  write(text: string): void {
    this.#push(Buffer.from(text));
    this.#pump();
  }

  /**
   * Blocks until everything is written, for at most `ms`: for the end of the program, when there is nothing else to do.
   */
  flush(ms: number): void {
    const deadline = performance.now() + ms;
    const lock = new Int32Array(new SharedArrayBuffer(4));
    while (this.#waiting.length > 0 && performance.now() < deadline) {
      this.#pump();
      if (this.#waiting.length > 0) Atomics.wait(lock, 0, 0, FLUSH_STEP_MS);
    }
  }

  /** Releases the descriptor and discards what waits for it. */
  close(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#waitingBytes = this.#written = this.#unreported = this.#reporting = 0;
    if (this.#fd !== -1 && this.#fd !== this.#givenFd) closeSync(this.#fd);
    this.#fd = -1;
  }

  #push(line: Buffer): void {
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    // The oldest line is lost, unless it is partly written: then the one after it.
    while (this.#waitingBytes > this.#options.maxWaitingBytes && this.#waiting.length > 1) {
      const [gone] = this.#waiting.splice(this.#written > 0 ? 1 : 0, 1) as [Buffer];
      this.#waitingBytes -= gone.length;
      this.#lose(1);
    }
  }

  #lose(count: number): void {
    this.#lostLines += count;
    this.#unreported += count;
  }

  #pump(): void {
    try {
      if (this.#fd === -1) this.#fd = openWithoutWaiting(this.#givenFd);
      while (this.#waiting.length > 0 || this.#unreported > 0) {
        const event = this.#unreported;
        const line = this.#next();
        const written = writeSync(this.#fd, line, this.#written);
        if (written === 0) continue;
        if (this.#written === 0) this.#writeStarted(line, event);
        this.#written += written;
        if (this.#written === line.length) this.#lineWritten(line);
      }
      this.#error = null;
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException);
    }
  }

  /** The next bytes to write, preceded by the line about lost ones in the place where they would have been. */
  #next(): Buffer {
    const line = this.#waiting[0] ?? NOTHING;
    if (this.#written > 0 || this.#unreported === 0) return line;
    return Buffer.concat([Buffer.from(`${this.#isMidLine ? '\n' : ''}${this.#line(this.#unreported)}\n`), line]);
  }

  /** A part of the line is written: it stays unchanged until it is complete. */
  #writeStarted(line: Buffer, event: number): void {
    this.#waitingBytes += line.length - (this.#waiting[0]?.length ?? 0);
    this.#waiting[0] = line;
    this.#unreported -= event;
    this.#reporting = event;
  }

  #lineWritten(line: Buffer): void {
    this.#waiting.shift();
    this.#waitingBytes -= line.length;
    this.#written = this.#reporting = 0;
    this.#isMidLine = false;
  }

  #failed({ code = '', message }: NodeJS.ErrnoException): void {
    const { waitMs, retryMs } = this.#options;
    if (code === 'EAGAIN') {
      this.#error = null;
      this.#scheduleRetry(waitMs);
      return;
    }
    this.#isMidLine ||= this.#written > 0;
    this.#lose(this.#waiting.length);
    this.#unreported += this.#reporting;
    this.#waiting = [];
    this.#waitingBytes = this.#written = this.#reporting = 0;
    const before = this.#error;
    this.#error = `${WORDS[code] ?? message} (${code})`;
    this.#scheduleRetry(retryMs);
    if (this.#error !== before) this.onError(code);
  }

  #scheduleRetry(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#pump(), ms).unref();
  }
}

/**
 * A descriptor for the same file that returns EAGAIN where the given one would block. A pipe or terminal is reopened,
 * because O_NONBLOCK belongs to the open file description, which other programs share; one that cannot be reopened (a
 * socket, as from systemd's journal) is made non-blocking by Node, which undoes that at exit. A regular file needs
 * nothing.
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
      // no /proc, no permission, or no reader now
    }
  }
  if (isatty(fd)) return fd;
  if (fd === 1) process.stdout.on('error', () => undefined); // the getter does it
  return fd;
}
