// The page's proxy of its worker (player-worker.ts): the worker's WebSocket and tracks with a local interface.
// W3C Media Source Extensions: MediaSourceHandle.

import type { Track } from '../../../mpegts/psi/track.js';
import type { MseTrackEvents } from '../mse/mse-track.js';
import type { Socket } from '../connection/socket.js';
import type { FromWorker, ToWorker } from './worker-messages.js';
import { WorkerTrack } from './worker-track.js';

/** Events of a worker's track, including its media source. */
export interface WorkerTrackEvents extends MseTrackEvents {
  opened(source: MediaSourceHandle): void;
}

/** Whether this browser supports Media Source Extensions in workers. */
export function hasWorkers(): boolean {
  const Source = globalThis.MediaSource as { readonly canConstructInDedicatedWorker?: boolean } | undefined;
  return Source?.canConstructInDedicatedWorker === true;
}

export class WorkerClient {
  /** The worker has failed; the page does its work. */
  isBroken = false;
  readonly #worker = new Worker(new URL('./player-worker.js', import.meta.url), { type: 'module' });
  readonly #tracks = new Map<number, WorkerTrackEvents>();
  #socket: WorkerSocket | null = null;
  #lastId = 0;
  #last = 0; // number of the last message received
  #lastProcessed = 0; // and of the last one processed

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#handleMessage(data);
    this.#worker.onerror = () => this.#break();
  }

  /** All received messages are processed, and kept for the start of a new track. */
  reportProgress(): void {
    this.#lastProcessed = this.#last;
  }

  /** Opens a WebSocket; there is one at a time. */
  dial(url: string): Socket {
    this.#socket = new WorkerSocket(++this.#lastId, (message) => this.#post(message));
    this.#post({ type: 'dial', socket: this.#socket.id, url });
    return this.#socket;
  }

  /**
   * Creates a track that continues by itself: it starts with all that is written to it in one task, whenever that is.
   */
  open(track: Track, events: WorkerTrackEvents): WorkerTrack {
    const id = ++this.#lastId;
    const post: Post = (message) => {
      if (message.type === 'close') this.#tracks.delete(id);
      this.#post(message);
    };
    this.#tracks.set(id, events);
    return new WorkerTrack(id, post, (recent) => {
      if (this.#tracks.has(id)) this.#post({ type: 'open', id, track, recent, done: this.#lastProcessed });
    });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #handleMessage(message: FromWorker): void {
    switch (message.type) {
      case 'messages':
        try {
          if (message.socket === this.#socket?.id) this.#receive(message);
          for (const [id, times] of message.moved) this.#tracks.get(id)?.moved(times);
        } finally {
          this.#post({ type: 'more', done: this.#lastProcessed }); // also after an error: the worker sends nothing until it is asked
        }
        return;
      case 'opened':
        return this.#tracks.get(message.id)?.opened(message.handle);
      case 'failed':
        return this.#tracks.get(message.id)?.failed(message.reason, message.kind);
      default:
        if (message.socket === this.#socket?.id) this.#socket.handleMessage(message);
    }
  }

  #receive({ last, messages }: Extract<FromWorker, { type: 'messages' }>): void {
    this.#last = last - messages.length;
    for (const data of messages) {
      this.#last++;
      this.#socket?.onmessage?.(data);
    }
  }

  #break(): void {
    this.isBroken = true;
    this.#worker.terminate();
    for (const events of [...this.#tracks.values()]) events.failed('the worker of this page has failed', 'passing');
    this.#socket?.handleClose();
  }
}

type Post = (message: ToWorker) => void;

/** A WebSocket of the worker. */
class WorkerSocket implements Socket {
  readyState: number = WebSocket.CONNECTING;
  onopen: (() => void) | null = null;
  onmessage: ((data: Uint8Array<ArrayBuffer> | string) => void) | null = null;
  onclose: (() => void) | null = null;

  constructor(
    readonly id: number,
    private readonly post: Post,
  ) {}

  send(text: string): void {
    this.post({ type: 'send', socket: this.id, text });
  }

  close(): void {
    this.readyState = WebSocket.CLOSED;
    this.post({ type: 'close-socket', socket: this.id });
  }

  handleMessage(message: Extract<FromWorker, { type: 'connected' | 'text' | 'lost' }>): void {
    if (message.type === 'text') return this.onmessage?.(message.text);
    if (message.type === 'lost') return this.handleClose();
    this.readyState = WebSocket.OPEN;
    this.onopen?.();
  }

  handleClose(): void {
    this.readyState = WebSocket.CLOSED;
    this.onclose?.();
  }
}
