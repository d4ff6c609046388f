// Uploads of MPEG-TS by hand, on a bare socket: every write is the test's.

import { connect, type Socket } from 'node:net';
import { afterTest } from '../cleanup.js';
import { until } from '../wait.js';

/** How the body is framed: as ffmpeg does it, or in a way that Node's HTTP parser gets to see. */
export type Framing = 'chunked' | 'length' | 'expect';

/** An answer read off the socket. */
export interface RawAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export class RawUpload {
  readonly socket: Socket;
  #heard = '';
  #isClosed = false;

  private constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.setNoDelay(true);
    this.socket.on('data', (data) => (this.#heard += data.toString('latin1')));
    this.socket.on('error', () => undefined).on('close', () => (this.#isClosed = true));
    afterTest(() => this.socket.destroy());
  }

  /** Sends the head of an upload. `bytes` is its Content-Length where there is one. */
  static begin(port: number, feed: string, framing: Framing = 'chunked', bytes = 1e9): RawUpload {
    const one = new RawUpload(port);
    const how = {
      chunked: 'Transfer-Encoding: chunked',
      length: `Content-Length: ${bytes}`,
      expect: 'Transfer-Encoding: chunked\r\nExpect: 100-continue',
    }[framing];
    one.write(`POST /ts/${feed} HTTP/1.1\r\nHost: x\r\nUser-Agent: test\r\n${how}\r\n\r\n`);
    return one;
  }

  /** Opens a connection and sends nothing yet. */
  static bare(port: number): RawUpload {
    return new RawUpload(port);
  }

  write(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** One chunk in three writes, as ffmpeg sends a frame. */
  chunk(bytes: Uint8Array): void {
    this.write(`${bytes.length.toString(16)}\r\n`);
    this.write(bytes);
    this.write('\r\n');
  }

  endChunks(): void {
    this.write('0\r\n\r\n');
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What came back so far, without an interim answer. */
  get heard(): string {
    return this.#heard.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
  }

  /** The final answer. */
  async answer(): Promise<RawAnswer> {
    await until('the upload is answered', () => /\r\n\r\n[^]*\}\n$/.test(this.heard));
    const [head, body] = this.heard.split('\r\n\r\n');
    return { status: Number(head!.slice(9, 12)), body: JSON.parse(body!) as Record<string, unknown> };
  }
}
