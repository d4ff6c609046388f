// Where the log's lines go, on descriptors of each kind that can be had without a program: full, held up, gone, back.

import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { LogOutput, type LogOutputOptions } from '../../src/log/log-output.js';
import { afterTest } from '../support/cleanup.js';
import { until } from '../support/wait.js';

const FAST = { waitMs: 2, retryMs: 2 };

/** A named pipe that is gone after the test. */
function fifo(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vw-log-'));
  afterTest(() => rm(folder, { recursive: true }));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

/** Opens a descriptor that is closed after the test. */
function opened(path: string, flags: number): number {
  const fd = openSync(path, flags);
  afterTest(() => {
    closeSync(fd);
  });
  return fd;
}

/** An output that is closed after the test, before its descriptor is. */
function outputTo(fd: number, options: Partial<LogOutputOptions> = FAST): LogOutput {
  const output = new LogOutput(fd, (lost) => `lost ${lost}`, options);
  afterTest(() => {
    output.close();
  });
  return output;
}

/** What can be read now, as text. */
function readAll(fd: number): string {
  const buffer = Buffer.alloc(1 << 20);
  let text = '';
  for (;;) {
    let length: number;
    try {
      length = readSync(fd, buffer);
    } catch {
      return text; // EAGAIN: nothing more for now
    }
    if (length === 0) return text;
    text += buffer.toString('latin1', 0, length);
  }
}

describe('LogOutput', () => {
  it('writes lines as they come', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vw-log-'));
    afterTest(() => rm(folder, { recursive: true }));
    const path = join(folder, 'log');
    const output = outputTo(opened(path, constants.O_WRONLY | constants.O_CREAT), {});
    output.write('one\n');
    output.write('two\n');
    expect(readFileSync(path, 'utf8')).to.equal('one\ntwo\n');
    expect(output.state).to.deep.equal({ lostLines: 0, waitingBytes: 0, error: null });
  });

  it('counts lines that a full device refuses, with the reason, and reports an error once', () => {
    const output = outputTo(opened('/dev/full', constants.O_WRONLY));
    const codes: string[] = [];
    output.onError = (code) => codes.push(code);
    for (let i = 0; i < 5; i++) output.write('a line\n');
    expect(output.state).to.deep.equal({
      lostLines: 5,
      waitingBytes: 0,
      error: 'no space is left on the device (ENOSPC)',
    });
    expect(codes).to.deep.equal(['ENOSPC']);
  });

  it('counts the lines of a descriptor that is not open for writing', () => {
    const output = outputTo(opened('/dev/null', constants.O_RDONLY));
    output.write('a line\n');
    expect(output.state.lostLines).to.equal(1);
    expect(output.state.error).to.include('EBADF');
  });

  it('goes on where a reader comes back, and says how many lines are lost, without being given another', async () => {
    const path = fifo();
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const output = outputTo(opened(path, constants.O_WRONLY));
    output.write('heard\n');
    expect(readAll(reader)).to.equal('heard\n');
    closeSync(reader);
    output.write('unheard\n');
    output.write('unheard\n');
    expect(output.state.error).to.equal('its reader has gone (EPIPE)');
    const next = opened(path, constants.O_RDONLY | constants.O_NONBLOCK);
    await until('it is written again', () => output.state.error === null);
    output.write('heard again\n');
    expect(readAll(next)).to.equal('lost 2\nheard again\n');
    expect(output.state.lostLines).to.equal(2);
  });

  it('does not block on a pipe that is not read, keeps a limited number of bytes, and loses the oldest', async () => {
    const path = fifo();
    const reader = opened(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const maxWaitingBytes = 10_000;
    // Blocking, as a shell hands it out: a write to it would wait for ever.
    const output = outputTo(opened(path, constants.O_WRONLY), { ...FAST, maxWaitingBytes });
    const lines = Array.from({ length: 3000 }, (_, i) => `line ${i} ${'.'.repeat(90)}`);
    for (const line of lines) output.write(`${line}\n`);
    const { lostLines, waitingBytes } = output.state;
    expect(waitingBytes).to.be.within(maxWaitingBytes - 200, maxWaitingBytes);
    expect(lostLines).to.be.above(1000);
    let text = '';
    await until('all that waits is read', () => {
      text += readAll(reader);
      return output.state.waitingBytes === 0;
    });
    text += readAll(reader);
    const read = text.trimEnd().split('\n');
    const told = read.indexOf(`lost ${lostLines}`);
    expect(told, 'the line that says so stands where they would have been').to.be.above(0);
    expect(read.slice(0, told)).to.deep.equal(lines.slice(0, told));
    expect(read.slice(told + 1)).to.deep.equal(lines.slice(told + lostLines));
  });

  it('flushes what waits to a reader that reads on, and gives up on one that does not', () => {
    const path = fifo();
    const reader = opened(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const output = outputTo(opened(path, constants.O_WRONLY), {});
    const line = `${'x'.repeat(999)}\n`;
    for (let i = 0; i < 100; i++) output.write(line);
    expect(output.state.waitingBytes).to.be.above(0);
    output.flush(20);
    expect(output.state.waitingBytes, 'nobody reads').to.be.above(0);
    let text = readAll(reader);
    output.flush(1000);
    text += readAll(reader);
    expect(text).to.equal(line.repeat(100));
  });
});
