// Bare connections to a port of this machine: every byte is the test's.

import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterTest } from '../cleanup.js';
import { until } from '../wait.js';

/** A raw connection to a port of this machine. */
export class Wire {
  readonly socket: Socket;
  heard = '';
  isClosed = false;

  /** @param socket a connection of another kind, such as TLS, in place of a plain one. */
  constructor(port: number, host = '127.0.0.1', socket: Socket = connect({ port, host })) {
    this.socket = socket;
    this.socket.on('data', (data) => (this.heard += data.toString('latin1')));
    this.socket.on('error', () => undefined).on('close', () => (this.isClosed = true));
    afterTest(() => this.socket.destroy());
  }

  write(text: string | Uint8Array): this {
    this.socket.write(text);
    return this;
  }

  /** The status of the first final (not interim) answer; 0: closed without one. */
  async status(): Promise<number> {
    const find = () => /HTTP\/1\.1 ([2-5]\d\d|101)/.exec(this.heard);
    await until('an answer, or the end', () => find() !== null || this.isClosed);
    return Number(find()?.[1] ?? 0);
  }
}

/** Sends a request head as it stands (lines without CRLF) and returns the answer's status. */
export function statusOf(port: number, lines: readonly string[], body = '', host = '127.0.0.1'): Promise<number> {
  return new Wire(port, host).write(`${lines.join('\r\n')}\r\n\r\n${body}`).status();
}

/** The first IPv4 address of this machine that is not loopback. */
export function outerAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (!found) throw new Error('this test needs an address beside loopback: a network interface that is up');
  return found.address;
}
