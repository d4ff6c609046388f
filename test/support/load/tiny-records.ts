// A TLS connection that sends a byte a record, many records at once. RFC 8446 §5.1.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectSecure, type TLSSocket } from 'node:tls';

/** What carries the connection; it keeps what is written until `send` is called. */
class Carrier extends Duplex {
  readonly #socket: Socket;
  #kept: Buffer[] = [];
  #isKeeping = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket.on('data', (bytes) => this.push(bytes)).on('error', () => undefined);
    socket.once('close', () => this.destroy());
    socket.setNoDelay();
  }

  override _read(): void {
    // what comes is pushed
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#isKeeping) this.#kept.push(bytes);
    else this.#socket.write(bytes);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  keep(): void {
    this.#isKeeping = true;
  }

  /** Sends what was kept; resolves when there is room for more. */
  async send(): Promise<void> {
    const bytes = Buffer.concat(this.#kept);
    this.#kept = [];
    if (!this.#socket.write(bytes) && !this.#socket.destroyed) {
      await Promise.race([once(this.#socket, 'drain'), once(this.#socket, 'close')]);
    }
  }
}

/** A connection and how to send on it. */
export interface TinyRecords {
  readonly socket: TLSSocket;
  /** Sends a text, a byte a record, all at once. */
  readonly send: (text: string) => Promise<void>;
}

/** Connects to a port of `host`. */
export async function openTinyRecords(port: number, host: string): Promise<TinyRecords> {
  const carrier = new Carrier(connect(port, host));
  const socket = connectSecure({ socket: carrier, rejectUnauthorized: false });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return {
    socket,
    send: async (text) => {
      carrier.keep();
      for (const letter of text) await new Promise((done) => socket.write(letter, done));
      await carrier.send();
    },
  };
}
