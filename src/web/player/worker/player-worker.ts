// The page's worker: the WebSocket, and the tracks that the browser decodes. Media reaches the elements from here, so
// that a busy page or a slow machine delays neither picture nor sound. The page gets the same messages, all pending
// ones at once.

import { MseTrack } from '../mse/mse-track.js';
import { isPackets, PidFilter } from '../media/pid-filter.js';
import type { TrackTimes } from '../media/track-times.js';
import type { FromWorker, ToWorker } from './worker-messages.js';

/** The most that is kept for a page that takes nothing. */
const MAX_KEPT_BYTES = 8_000_000;

interface QueuedMessage {
  readonly number: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

interface OpenTrack {
  readonly mse: MseTrack;
  readonly filter: PidFilter;
}

const tracks = new Map<number, OpenTrack>();
const moved = new Map<number, TrackTimes>(); // since the last message to the page
let socket: WebSocket | null = null;
let socketNumber = 0;
let kept: QueuedMessage[] = []; // messages that the page has not taken or not processed
let keptBytes = 0;
let lastNumber = 0;
let sentNumber = 0;
let isPageBusy = false;

function handleMessage(message: ToWorker): void {
  switch (message.type) {
    case 'dial':
      return dial(message.socket, message.url);
    case 'send':
      return message.socket === socketNumber ? socket?.send(message.text) : undefined;
    case 'close-socket':
      return message.socket === socketNumber ? hangUp() : undefined;
    case 'more':
      isPageBusy = false;
      dropUpTo(message.done);
      return forwardNext();
    case 'open':
      return open(message);
    case 'played':
      return tracks.get(message.id)?.mse.playedTo(message.to);
    case 'stop':
      return tracks.get(message.id)?.mse.stop();
    case 'close':
      return close(message.id);
  }
}

function dial(number: number, url: string): void {
  hangUp();
  const one = new WebSocket(url);
  one.binaryType = 'arraybuffer';
  [socket, socketNumber] = [one, number];
  one.onopen = () => post({ type: 'connected', socket: number });
  one.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
    if (typeof data === 'string') post({ type: 'text', socket: number, text: data });
    else receive(new Uint8Array(data));
  };
  one.onclose = () => {
    isPageBusy = false;
    forwardNext();
    post({ type: 'lost', socket: number });
  };
}

/** Messages of the old connection are useless to tracks that start with another. */
function hangUp(): void {
  if (socket) {
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
  socket = null;
  kept = [];
  keptBytes = 0;
  for (const { mse } of tracks.values()) mse.stop();
}

function receive(data: Uint8Array<ArrayBuffer>): void {
  kept.push({ number: ++lastNumber, data });
  keptBytes += data.length;
  let oldest: QueuedMessage | undefined;
  while (keptBytes > MAX_KEPT_BYTES && (oldest = kept.shift())) keptBytes -= oldest.data.length;
  for (const track of tracks.values()) write(track, data);
  forwardNext();
}

function write({ mse, filter }: OpenTrack, data: Uint8Array<ArrayBuffer>): void {
  if (!isPackets(data)) return;
  const packets = filter.filter(data);
  if (packets) mse.write(packets);
}

/** Sends the page what is pending, unless it is still processing the last. */
function forwardNext(): void {
  if (isPageBusy) return;
  const messages = kept.filter(({ number }) => number > sentNumber).map(({ data }) => data);
  if (messages.length === 0 && moved.size === 0) return;
  post({ type: 'messages', socket: socketNumber, last: lastNumber, messages, moved: [...moved] });
  isPageBusy = true;
  sentNumber = lastNumber;
  moved.clear();
}

function dropUpTo(done: number): void {
  const rest = kept.findIndex(({ number }) => number > done);
  for (const { data } of kept.splice(0, rest === -1 ? kept.length : rest)) keptBytes -= data.length;
}

function open({ id, track, recent, done }: Extract<ToWorker, { type: 'open' }>): void {
  const mse = new MseTrack(track, {
    moved: (times) => {
      moved.set(id, times);
      forwardNext();
    },
    failed: (reason, kind) => post({ type: 'failed', id, reason, kind }),
  });
  const one = { mse, filter: new PidFilter() };
  one.filter.setPids([track.pid]);
  tracks.set(id, one);
  const { handle } = mse.source as MediaSource & { readonly handle: MediaSourceHandle }; // as workers have it
  post({ type: 'opened', id, handle }, [handle]);
  for (const data of recent) write(one, data);
  for (const { number, data } of kept) if (number > done) write(one, data);
}

function close(id: number): void {
  tracks.get(id)?.mse.close();
  tracks.delete(id);
  moved.delete(id);
}

function post(message: FromWorker, transfer: Transferable[] = []): void {
  postMessage(message, { transfer });
}

addEventListener('message', ({ data }) => handleMessage(data as ToWorker));
