// The output of commands to stdout and stderr. A reader that goes away (`vw status | head -1`) is not an error: the
// command ends quietly, or completes the changes that it was to make. Any other write error is reported, and is an
// error. Servers do not use this module: their stdout is the log's.

import { EXIT_FAILED } from './arguments.js';

/** The most that may be buffered for a slow reader. */
const MAX_WAITING_BYTES = 64 * 1024;

let hasErrorHandlers = false;
let onGone: () => void = () => undefined;

/** Writes to stdout. */
export function print(text: string): void {
  prepare();
  process.stdout.write(text);
}

/**
 * As {@link print}, for repeated output: it is dropped while the reader does not read, so that it does not accumulate.
 */
export function printIfRead(text: string): void {
  if (process.stdout.writableLength <= MAX_WAITING_BYTES) print(text);
}

/** Writes to stderr, which may be closed or full. */
export function reportError(text: string): void {
  prepare();
  process.stderr.write(`vw: ${text}\n`);
}

/** Calls `end` when nothing can be written to stdout any more. */
export function whenOutputEnds(end: () => void): void {
  onGone = end;
  prepare();
}

function prepare(): void {
  if (hasErrorHandlers) return;
  hasErrorHandlers = true;
  process.stderr.on('error', () => undefined); // there is no other place to report it
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    const end = onGone;
    onGone = () => undefined;
    if (code !== 'EPIPE' && code !== 'ERR_STREAM_DESTROYED') {
      reportError(`the output cannot be written: ${message}`);
      process.on('exit', () => (process.exitCode = EXIT_FAILED)); // whatever the result of the command
    }
    end();
  });
}
