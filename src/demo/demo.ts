// The demo: a relay, two relay servers and two sources in one program, and a tour of what a user would do with them.

import { setTimeout as delay } from 'node:timers/promises';
import { startServer } from '../api/server.js';
import { relayPages } from '../web/server/relay-pages.js';
import { loadConfig } from '../config/stream-config.js';
import type { Log } from '../log/log.js';
import { Relay } from '../relay/relay.js';
import { RuleStore } from '../state/rule-store.js';
import { servePages } from '../web/server/serve-pages.js';
import { startServe } from '../serve/serve-server.js';
import { loadServeConfig } from '../config/serve-config.js';
import { loadPicture, loadSound } from './media.js';
import { freeOr } from './ports.js';
import { callRest, type Call, curlLines } from './rest.js';
import { DemoSource, type SourceOwner } from './source.js';
import {
  destinationCall,
  PICTURE_FEED,
  type DemoAddresses,
  SOUND_FEED,
  type TourStep,
  STREAM,
  streamCall,
  TOPIC,
  tourSteps,
} from './tour.js';
import type { DemoOutput } from './demo-output.js';
import { type DemoFigures, isConnectedTo, hasNoPublisher, readFigures } from './stats.js';

const HOST = '127.0.0.1'; // loopback only, so that no key is required
/** How long a swap may take: it waits for a keyframe, of which there is one a second. */
const SWAP_MS = 8000;
const POLL_INTERVAL_MS = 50;

/** The options of the demo. */
export interface DemoOptions {
  /** The relay's port; the relay servers have the next two. Ports in use are replaced by free ones; 0: any. */
  readonly port: number;
  readonly version: string;
}

/** Something that runs until `close`. */
interface Running {
  close(): Promise<unknown>;
}

/** All that `vw demo` runs. */
export class Demo {
  readonly #running: Running[] = [];
  readonly #ending = new AbortController();
  #started: Promise<void> = Promise.resolve();
  #sources: readonly DemoSource[] = [];
  #addresses: DemoAddresses = { relay: '', endpoints: ['', ''] };

  constructor(
    private readonly voice: DemoOutput,
    private readonly log: Log,
  ) {}

  /** Starts everything, and prints what can be seen where. Rejects if that fails, or if it is closed meanwhile. */
  start(options: DemoOptions): Promise<void> {
    this.#started = this.#start(options);
    return this.#started;
  }

  /** Changes the stream at an interval, with an explanation, until the demo is closed. */
  async tour(everyMs: number): Promise<void> {
    const { signal } = this.#ending;
    const steps = tourSteps(this.#addresses);
    let count = 1;
    try {
      for (;;) {
        for (const step of steps) {
          await delay(everyMs, undefined, { signal });
          await this.#performStep(step, count++);
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Ends everything; resolves when it is done. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#started.catch(() => undefined);
    await Promise.all(this.#sources.map((source) => source.stop()));
    await Promise.all(this.#running.map((one) => one.close()));
  }

  async #start({ port, version }: DemoOptions): Promise<void> {
    const { signal } = this.#ending;
    await this.#startServers(port, version);
    signal.throwIfAborted();
    this.#startSources();
    await this.#setRules();
    signal.throwIfAborted();
    this.#printAddresses();
  }

  async #startServers(port: number, version: string): Promise<void> {
    const { voice, log } = this;
    const wanted = (i: number) => (port === 0 ? 0 : port + i);
    const free = (i: number) => freeOr(wanted(i), HOST);
    const [relayPort, ...endpointPorts] = await Promise.all([free(0), free(1), free(2)]);
    const config = loadConfig({ port: String(relayPort), host: HOST }, {}); // ignores the environment: it is a demo
    const relay = new Relay(config.limits, log);
    this.#running.push(relay);
    const server = await startServer(relay, { ...config, store: RuleStore.inMemory(null) }, relayPages(), log);
    this.#running.unshift(server);
    const pages = servePages({ wantsToken: false, embedders: [] });
    const endpoint = async (port: number) => {
      const one = await startServe(loadServeConfig({ port: String(port), host: HOST }, {}), log, pages);
      this.#running.push(one);
      return one.url;
    };
    const endpoints = [await endpoint(endpointPorts[0]), await endpoint(endpointPorts[1])] as const;
    this.#addresses = { relay: server.url, endpoints };
    voice.line();
    voice.heading(`vw ${version}: a relay, two relay servers, a picture and a sound`);
    const rows = [
      ['relay', server.url],
      ['relay server 1', endpoints[0]],
      ['relay server 2', endpoints[1]],
    ] as const;
    for (const [i, [name, url]] of rows.entries()) {
      const isOther = wanted(i) !== 0 && !url.endsWith(`:${wanted(i)}`);
      voice.row(name, url, isOther ? `(port ${wanted(i)} is taken)` : '');
    }
  }

  #startSources(): void {
    const owner: SourceOwner = {
      isFree: (feed) => hasNoPublisher(this.#addresses, feed),
      uploadFailed: (feed, reason) => {
        if (this.#ending.signal.aborted) return;
        this.voice.failure(
          `${feed}: the demo's upload has ended (${reason}). It is restarted as soon as no other source publishes there.`,
        );
      },
      uploadResumed: (feed) => this.voice.line(`${feed}: the demo sends again.`),
    };
    const source = (feed: string, media: ReturnType<typeof loadPicture>) =>
      new DemoSource({ feed, media, relayUrl: this.#addresses.relay }, owner, this.log);
    this.#sources = [source(PICTURE_FEED, loadPicture()), source(SOUND_FEED, loadSound())];
    for (const one of this.#sources) one.start();
  }

  async #setRules(): Promise<void> {
    const { voice } = this;
    voice.line();
    voice.heading(`Two feeds are uploaded, ${PICTURE_FEED} and ${SOUND_FEED}. One stream of both:`);
    await this.#callApi(streamCall(this.#addresses, [PICTURE_FEED, SOUND_FEED]));
    voice.line();
    voice.heading('The stream goes to relay server 1:');
    await this.#callApi(destinationCall(this.#addresses, 0));
  }

  #printAddresses(): void {
    const { voice } = this;
    const { relay, endpoints } = this.#addresses;
    voice.line();
    voice.heading('Open in a browser (sound: the button, or the key m):');
    voice.row('relay', `${relay}/play/${STREAM}`);
    voice.row('relay server 1', `${endpoints[0]}/play/${TOPIC}`);
    voice.row('relay server 2', `${endpoints[1]}/play/${TOPIC}`, 'nothing yet: the stream is at relay server 1');
    voice.row('figures', `${relay}/api/stats`);
    voice.line();
    voice.line('The clock shows the second of the minute; the lamp flashes and the sound beeps on each.');
    voice.line('Ctrl-C ends it all.');
  }

  async #performStep({ title, call, expected, endpoint }: TourStep, count: number): Promise<void> {
    const { voice } = this;
    const { signal } = this.#ending;
    voice.line();
    voice.heading(`${count}. ${title}`);
    const began = performance.now();
    await this.#callApi(call);
    if (endpoint !== undefined) {
      while (!(await isConnectedTo(this.#addresses, endpoint))) {
        if (performance.now() - began > SWAP_MS) {
          voice.failure('Not there yet: see lastError in the stats.');
          return;
        }
        await delay(POLL_INTERVAL_MS, undefined, { signal });
      }
    }
    const tookMs = performance.now() - began;
    voice.success(expected);
    voice.line(`${(tookMs / 1000).toFixed(2)} s · ${describe(await readFigures(this.#addresses))}`);
  }

  /** Prints a request and sends it. */
  async #callApi(call: Call): Promise<void> {
    this.voice.command(curlLines(call));
    this.voice.comment(JSON.stringify(await callRest(call)));
  }
}

/** The figures as text. */
function describe({ continuityErrors, droppedMessages, viewers }: DemoFigures): string {
  const watching = viewers.map((count, i) => `${count} at relay server ${i + 1}`).join(', ');
  return `continuity errors ${continuityErrors} · dropped ${droppedMessages} · viewers ${watching}`;
}
