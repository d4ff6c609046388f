// What commands write to stdout and stderr. A reader that goes away (`vw status | head -1`) is no error: the command ends
// quietly, or goes on with what it was asked to change. What cannot be written for another reason is said, and is an error.
// Servers do not use stdout from here: it is the log's.

import { EXIT_FAILED } from './arguments.js';

/** What may wait for a reader that is slow. */
const MOST_WAITING_BYTES = 64 * 1024;

let isReady = false;
let onGone: () => void = () => undefined;

/** Writes to stdout. */
export function print(text: string): void {
  prepare();
  process.stdout.write(text);
}

/**
 * As {@link print}, of what is said again and again: a reader that does not read goes without, so that nothing piles up.
 */
export function printIfRead(text: string): void {
  if (process.stdout.writableLength <= MOST_WAITING_BYTES) print(text);
}

/** Writes to stderr, which may be closed or full. */
export function complain(text: string): void {
  prepare();
  process.stderr.write(`vw: ${text}\n`);
}

/** Calls `end` when nothing can be written to stdout any more. */
export function whenOutputEnds(end: () => void): void {
  onGone = end;
  prepare();
}

function prepare(): void {
  if (isReady) return;
  isReady = true;
  process.stderr.on('error', () => undefined); // there is nowhere left to say so
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    const end = onGone;
    onGone = () => undefined;
    if (code !== 'EPIPE' && code !== 'ERR_STREAM_DESTROYED') {
      complain(`the output cannot be written: ${message}`);
      process.on('exit', () => (process.exitCode = EXIT_FAILED)); // whatever the command has found out since
    }
    end();
  });
}
