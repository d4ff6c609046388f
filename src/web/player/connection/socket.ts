// The WebSocket interface of Connection: the page's own is here, the worker's in worker-client.ts.

/** Binary messages are bytes. */
export interface Socket {
  readonly readyState: number;
  onopen: (() => void) | null;
  onmessage: ((data: Uint8Array<ArrayBuffer> | string) => void) | null;
  onclose: (() => void) | null;
  send(text: string): void;
  close(): void;
}

/** A WebSocket of the page, for browsers without the worker. */
export class PageSocket implements Socket {
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  readonly #socket: WebSocket;

  constructor(url: string) {
    const socket = (this.#socket = new WebSocket(url));
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.onopen?.();
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
      this.onmessage?.(typeof data === 'string' ? data : new Uint8Array(data));
    };
    socket.onclose = () => this.onclose?.();
  }

  get readyState(): number {
    return this.#socket.readyState;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(): void {
    this.#socket.close();
  }
}
