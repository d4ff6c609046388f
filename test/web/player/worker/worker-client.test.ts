import { expect } from 'chai';

// By a name that the compiler does not follow: what is behind it is compiled with a browser's types.
const PATH = '../../../../src/web/player/worker/worker-client.js';

/** What is wanted of it here. */
interface Client {
  dial(url: string): { onmessage: ((data: Uint8Array) => void) | null };
  reportProgress(): void;
}

/** Stands where browsers have a worker. */
class FakeWorker {
  static last: FakeWorker;
  readonly orders: { readonly type: string }[] = [];
  onmessage: ((event: { data: object }) => void) | null = null;

  constructor() {
    FakeWorker.last = this;
  }

  postMessage(order: { readonly type: string }): void {
    this.orders.push(order);
  }
}

describe('WorkerClient', () => {
  const globals = globalThis as Record<string, unknown>;
  const before = { Worker: globals.Worker, WebSocket: globals.WebSocket };

  beforeEach(() => Object.assign(globals, { Worker: FakeWorker, WebSocket: { CONNECTING: 0, OPEN: 1, CLOSED: 3 } }));
  afterEach(() => Object.assign(globals, before));

  it('asks for more, also where what takes the messages has failed: or nothing would ever come again', async () => {
    const { WorkerClient } = (await import(PATH)) as { WorkerClient: new () => Client };
    const client = new WorkerClient();
    const worker = FakeWorker.last;
    const taken: number[] = [];
    client.dial('ws://x/').onmessage = ([byte]) => {
      if (byte === 2) throw new Error('damaged');
      taken.push(byte!);
      client.reportProgress();
    };
    const come = (byte: number) => {
      const messages = [new Uint8Array(188).fill(byte)];
      worker.onmessage!({ data: { type: 'messages', socket: 1, last: byte, messages, moved: [] } });
    };
    come(1);
    expect(() => come(2)).to.throw('damaged');
    come(3);
    expect(taken).to.deep.equal([1, 3]);
    expect(worker.orders.filter((order) => order.type === 'more')).to.deep.equal([
      { type: 'more', done: 1 },
      { type: 'more', done: 1 },
      { type: 'more', done: 3 },
    ]);
  });
});
