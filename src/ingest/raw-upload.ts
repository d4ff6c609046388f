// An upload that is read directly from the socket. ffmpeg sends a chunk per frame as three writes, for which Node's HTTP
// parser and streams cost more than everything behind them (see `npm run bench`). Other requests are left to Node.

import type { Socket } from 'node:net';
import type { Feed } from '../relay/feed/feed.js';
import { ChunkedDecoder, ChunkedError } from './chunked.js';
import { UploadThrottle } from './upload-throttle.js';
import { type ByteReceiver, readShared } from './socket-reader.js';
import { Upload, type UploadSummary } from './upload.js';

/** A read of at least this many bytes, less than half of which are body, consists of tiny chunks. */
const MUCH_BYTES = 1 << 14;

/** Answers an upload's sender; the connection ends with the answer. */
export interface UploadAnswers {
  ended(socket: Socket, summary: UploadSummary): void;
  superseded(socket: Socket, feed: string): void;
  broken(socket: Socket, reason: string): void;
}

/**
 * Publishes the body that follows `head` on `connection` to `feed`. `rest` is what was already read behind the head.
 * Returns the socket to use from now on: see {@link readShared}.
 */
export function receiveUploadFromSocket(connection: Socket, rest: Buffer, feed: Feed, answers: UploadAnswers): Socket {
  const upload = new RawUpload(connection, feed, answers);
  if (rest.length > 0) upload.receive(rest, 0);
  return upload.socket;
}

/** One upload, from behind its head to its answer. */
class RawUpload implements ByteReceiver {
  readonly socket: Socket;
  readonly #answers: UploadAnswers;
  readonly #decoder = new ChunkedDecoder();
  readonly #upload: Upload;
  readonly #throttle: UploadThrottle;
  #isOver = false; // answered: further bytes are discarded until the sender has read the answer

  constructor(connection: Socket, feed: Feed, answers: UploadAnswers) {
    this.#answers = answers;
    const address = `${connection.remoteAddress ?? ''}:${connection.remotePort ?? 0}`;
    this.socket = readShared(connection, this);
    this.#upload = new Upload(feed, address, () => {
      this.#end();
      answers.superseded(this.socket, feed.name);
    });
    this.#throttle = new UploadThrottle(feed, this.socket);
    const onGone = () => this.#connectionClosed();
    this.socket.on('end', onGone).on('close', onGone).on('error', onGone);
  }

  receive(bytes: Buffer, headroom: number): void {
    if (this.#isOver) return;
    const decoder = this.#decoder;
    let bodyBytes: number;
    try {
      const body = decoder.push(bytes);
      bodyBytes = body.length;
      // The framing before the body is no longer needed: it is headroom too.
      if (body.length > 0) this.#upload.push(body, headroom + body.byteOffset - bytes.byteOffset);
    } catch (error) {
      if (!(error instanceof ChunkedError)) throw error;
      this.#end();
      this.#upload.end();
      this.#answers.broken(this.socket, error.message);
      return;
    }
    if (!decoder.isDone) {
      // More such reads may follow: one per turn of the event loop, so that others are served in between.
      if (bytes.length >= MUCH_BYTES && bodyBytes * 2 < bytes.length) this.#yieldTurn();
      this.#throttle.afterPublish(bytes.length);
      return;
    }
    this.#end();
    this.#answers.ended(this.socket, this.#upload.end());
  }

  #yieldTurn(): void {
    this.socket.pause();
    setImmediate(() => this.socket.resume());
  }

  #connectionClosed(): void {
    if (this.#isOver) return;
    this.#end();
    this.#upload.end();
    this.socket.destroy();
  }

  #end(): void {
    this.#isOver = true;
    this.#throttle.end();
  }
}
