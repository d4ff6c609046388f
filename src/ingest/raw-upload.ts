// An upload read from the socket itself. ffmpeg sends a chunk per frame as three writes; Node's HTTP parser and streams
// cost more for those than everything behind them (`npm run bench` tells). What is not a plain chunked upload is Node's.

import type { Socket } from 'node:net';
import type { Feed } from '../relay/feed.js';
import { ChunkedDecoder, ChunkedError } from './chunked.js';
import { Pacer } from './pacer.js';
import { readShared } from './socket-reader.js';
import { Upload, type UploadSummary } from './upload.js';

/** How an upload's sender is answered; the connection ends with the answer. */
export interface UploadAnswers {
  ended(socket: Socket, summary: UploadSummary): void;
  superseded(socket: Socket, feed: string): void;
  broken(socket: Socket, why: string): void;
}

/**
 * Publishes the body that follows `head` on `connection` to `feed`. `rest` is what was read behind the head already.
 * Returns the socket to go on with: see {@link readShared}.
 */
export function takeRawUpload(connection: Socket, rest: Buffer, feed: Feed, answers: UploadAnswers): Socket {
  const decoder = new ChunkedDecoder();
  const address = `${connection.remoteAddress ?? ''}:${connection.remotePort ?? 0}`;
  let isOver = false;
  const take = (bytes: Buffer, headroom: number) => {
    if (isOver) return; // answered: what still comes is thrown away until the sender has read that
    try {
      const body = decoder.push(bytes);
      // The framing before the body is done with: that is room too.
      if (body.length > 0) upload.push(body, headroom + body.byteOffset - bytes.byteOffset);
    } catch (error) {
      if (!(error instanceof ChunkedError)) throw error;
      isOver = true;
      pacer.end();
      upload.end();
      answers.broken(socket, error.message);
      return;
    }
    if (!decoder.isDone) {
      pacer.after(bytes.length);
      return;
    }
    isOver = true;
    pacer.end();
    answers.ended(socket, upload.end());
  };
  const onGone = () => {
    if (isOver) return;
    isOver = true;
    pacer.end();
    upload.end();
    socket.destroy();
  };
  const socket = readShared(connection, take);
  const upload = new Upload(feed, address, () => {
    isOver = true;
    pacer.end();
    answers.superseded(socket, feed.name);
  });
  const pacer = new Pacer(feed, socket);
  socket.on('end', onGone).on('close', onGone).on('error', onGone);
  if (rest.length > 0) take(rest, 0);
  return socket;
}
