// A client that watches a stream over WebSocket and judges all that it is sent: each run of packets, from one beginning
// to the next, is to be a valid program without an error.

import { WebSocket } from 'ws';
import { checkTs, type Checked, type Sent } from '../mpegts/check-ts.js';
import { afterTest } from './cleanup.js';
import { until } from './wait.js';

/** Nobody sends to a far end that the stream has been taken from; without such a pause nothing begins anew. */
const PAUSE_MS = 300;

export class StreamWitness {
  bytes = 0;
  readonly #runs: Sent[][] = [];
  #firstAt = NaN;
  #lastAt = NaN;
  readonly #socket: WebSocket;

  private constructor(url: string) {
    this.#socket = new WebSocket(url, { perMessageDeflate: false });
    this.#socket.on('error', () => undefined);
    this.#socket.on('message', (data) => this.#take(data as Buffer));
    afterTest(() => this.#socket.terminate());
  }

  /** Watches until the test ends. */
  static async open(url: string): Promise<StreamWitness> {
    const one = new StreamWitness(url);
    await until(`${url} is open`, () => one.#socket.readyState === WebSocket.OPEN);
    return one;
  }

  /** How many times it has begun: once, and after each time that nothing came for a while. */
  get runs(): number {
    return this.#runs.length;
  }

  /** From the first message to the last so far. */
  get seconds(): number {
    return (this.#lastAt - this.#firstAt) / 1000;
  }

  /** What an independent judge says of each run; a problem is in its `errors`. */
  judge(): Checked[] {
    // How far PCRs are apart is not judged: they keep to the clock, and a busy machine is late.
    return this.#runs.map((run) => checkTs(run, { pcrMs: Infinity }));
  }

  /** All of one run's bytes. */
  recording(run: number): Buffer {
    return Buffer.concat(this.#runs[run]!.map(({ data }) => data));
  }

  /** The problems of all runs, in words. */
  problems(): string[] {
    return this.judge().flatMap(({ errors }, i) => errors.map((text) => `run ${i + 1} of ${this.runs}: ${text}`));
  }

  #take(data: Buffer): void {
    const now = performance.now();
    // Anything but a beginning that follows a pause belongs to the run before: the judge then finds what is missing.
    const isBeginning = data[0] === 0x47 && (data[1]! & 0x5f) === 0x40 && data[2] === 0; // PAT
    if (this.#runs.length === 0 || (isBeginning && now - this.#lastAt > PAUSE_MS)) this.#runs.push([]);
    if (this.bytes === 0) this.#firstAt = now;
    this.#lastAt = now;
    this.bytes += data.length;
    // All at one time: how soon something arrives on a busy machine is not what is judged.
    this.#runs.at(-1)!.push({ data, atMs: 0 });
  }
}
