// A client that watches a stream over WebSocket and judges all that it is sent: each run of packets, from one beginning
// to the next, is to be a valid program without an error.

import { WebSocket } from 'ws';
import { payloadStart, startsUnit } from '../../../src/mpegts/packet/packet.js';
import { startsPes } from '../../../src/mpegts/packet/pes.js';
import { readTimestamp } from '../../../src/mpegts/packet/timestamp.js';
import { checkTs, type Checked, type Sent } from '../mpegts/check-ts.js';
import { afterTest } from '../cleanup.js';
import { until } from '../wait.js';

/** Where the picture's time goes on so much later, the stream has been elsewhere meanwhile. */
const AWAY_MS = 1000;

export class StreamWitness {
  bytes = 0;
  readonly #runs: Sent[][] = [];
  #firstPts = NaN;
  #lastPts = NaN;
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

  /** How many times it has begun: once, and each time that the stream came back. */
  get runs(): number {
    return this.#runs.length;
  }

  /** From the first picture to the last so far, by their time. */
  get seconds(): number {
    return (this.#lastPts - this.#firstPts) / 90_000;
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
    const pts = picturePts(data);
    // What does not begin with tables belongs to the run before: the judge then finds what is missing.
    const isBeginning = (data[1]! & 0x5f) === 0x40 && data[2] === 0; // PAT
    const isLater = pts - this.#lastPts > AWAY_MS * 90;
    if (this.#runs.length === 0 || (isBeginning && isLater)) this.#runs.push([]);
    if (Number.isNaN(this.#firstPts)) this.#firstPts = pts;
    if (!Number.isNaN(pts)) this.#lastPts = pts;
    this.bytes += data.length;
    // All at one time: how soon something arrives on a busy machine is not what is judged.
    this.#runs.at(-1)!.push({ data, atMs: 0 });
  }
}

/** The PTS of the first picture that begins in a message; NaN: none does. */
function picturePts(data: Buffer): number {
  for (let at = 0; at < data.length; at += 188) {
    const pes = payloadStart(data, at);
    const isPicture = startsUnit(data, at) && startsPes(data, pes) && (data[pes + 3]! & 0xf0) === 0xe0; // stream_id
    if (isPicture) return readTimestamp(data, pes + 9);
  }
  return NaN;
}
