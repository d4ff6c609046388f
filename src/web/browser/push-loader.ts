// What mpegts.js loads from: bytes that we push, from the WebSocket that is open already.

import type mpegts from 'mpegts.js';

const WORKING = 2; // mpegts.LoaderStatus.kBuffering
const IDLE = 0; // mpegts.LoaderStatus.kIdle

/** A loader as mpegts.js has them, which never ends and never fails. The names are its. */
export class PushLoader implements mpegts.BaseLoader {
  readonly type = 'websocket';
  readonly needStashBuffer = false;
  _status: 0 | 1 | 2 | 3 | 4 = IDLE;
  _needStash = false;
  // Taken by mpegts.js before it opens.
  onContentLengthKnown: mpegts.BaseLoader['onContentLengthKnown'] = () => undefined;
  onURLRedirect: mpegts.BaseLoader['onURLRedirect'] = () => undefined;
  onDataArrival: mpegts.BaseLoader['onDataArrival'] = () => undefined;
  onError: mpegts.BaseLoader['onError'] = () => undefined;
  onComplete: mpegts.BaseLoader['onComplete'] = () => undefined;
  #received = 0;

  get status(): number {
    return this._status;
  }

  isWorking(): boolean {
    return this._status === WORKING;
  }

  open(): void {
    this._status = WORKING;
  }

  abort(): void {
    this._status = IDLE;
  }

  destroy(): void {
    this.abort();
  }

  /** Hands bytes over; nothing happens unless it is open. */
  push(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.isWorking()) return;
    const from = this.#received;
    this.#received += bytes.length;
    this.onDataArrival(bytes.buffer, from, this.#received);
  }
}
