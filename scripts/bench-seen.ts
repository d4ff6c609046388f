// `npm run bench:seen`: the cost of monitoring a relay of 100 feeds of 2 Mbit/s: /api/stats and /metrics each second
// and an event client, against no monitoring. Rounds with and without alternate in one run; prints, asserts nothing.
// Sources and endpoints are in this process, the relay in its own; it is built first.

import { closeAll } from '../test/support/cleanup.js';
import { EventReader } from '../test/support/relay/event-reader.js';
import { TestEndpoint } from '../test/support/relay/test-endpoint.js';
import { quantile, TimedSource } from '../test/support/load/load.js';
import { Program } from '../test/support/programs/program.js';
import { pause, until } from '../test/support/wait.js';

const FEEDS = 100;
const MBITS = 2;
const ROUNDS = Number(process.argv[2] ?? 20);
const ROUND_MS = 5_000; // five looks

/** Requests everything once a second, and reads the events, until stopped. */
class Observer {
  readonly #timer: NodeJS.Timeout;
  answers = 0;
  bytes = 0;
  hasMetrics = true;

  private constructor(
    private readonly url: string,
    private readonly events: EventReader,
  ) {
    this.#timer = setInterval(() => void this.#ask(), 1000);
  }

  static async on(url: string): Promise<Observer> {
    return new Observer(url, await EventReader.open(url));
  }

  async #ask(): Promise<void> {
    for (const path of ['/api/stats', '/metrics']) {
      const response = await fetch(this.url + path);
      this.bytes += (await response.arrayBuffer()).byteLength;
      if (response.ok) this.answers++;
      else this.hasMetrics = false;
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.events.request.destroy();
  }
}

let metrics = '';
const vw = await Program.stream({ VW_LOG_LEVEL: 'info' });
const endpoint = await TestEndpoint.start();
endpoint.onMessage = () => undefined;
const names = Array.from({ length: FEEDS }, (_, i) => `video${i}`);
for (const [i, stream] of names.entries()) {
  await vw.api('POST', '/api/destinations', { id: String(i), stream, destination: endpoint.url });
}
await until('all links are open', () => endpoint.connections === FEEDS);
const sources = names.map((name) => new TimedSource(vw.port, name, MBITS, 40));
await pause(5000); // warm

/** CPU milliseconds of the relay in one round. */
async function round(isSeen: boolean): Promise<number> {
  const observer = isSeen ? await Observer.on(vw.url) : null;
  await pause(500);
  const before = vw.cpuMs();
  await pause(ROUND_MS);
  const cost = vw.cpuMs() - before;
  observer?.stop();
  if (observer && !observer.hasMetrics) metrics = ' (/metrics is not there)';
  return cost;
}

const costs: { seen: number; unseen: number }[] = [];
for (let i = 0; i < ROUNDS; i++) {
  // The order alternates too, so that a machine that gets slower does not count against the observer.
  const isSeenFirst = i % 2 === 0;
  const first = await round(isSeenFirst);
  const second = await round(!isSeenFirst);
  costs.push(isSeenFirst ? { seen: first, unseen: second } : { seen: second, unseen: first });
}
for (const source of sources) source.stop();
const share = (all: number[]) => `${((quantile(all, 0.5) / ROUND_MS) * 100).toFixed(1)} % of a core`;
const ratios = costs.map(({ seen, unseen }) => seen / unseen);
const sum = (of: 'seen' | 'unseen') => costs.reduce((total, one) => total + one[of], 0);
console.log(`${FEEDS} feeds of ${MBITS} Mbit/s, ${ROUNDS} pairs of rounds of ${ROUND_MS / 1000} s${metrics}:`);
console.log(`  nobody looks ${share(costs.map(({ unseen }) => unseen))},`);
console.log(`  stats and metrics each second and events ${share(costs.map(({ seen }) => seen))}:`);
const quarters = [0.25, 0.75].map((part) => quantile(ratios, part).toFixed(3)).join(' to ');
console.log(
  `  ${(sum('seen') / sum('unseen')).toFixed(3)}x in all; pairs: median ${quantile(ratios, 0.5).toFixed(3)}x, half of them ${quarters}`,
);
await closeAll();
