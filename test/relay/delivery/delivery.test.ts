import { expect } from 'chai';
import fc from 'fast-check';
import type { ProgramFacts } from '../../../src/mpegts/splice/splicer.js';
import { CacheBudget, GopCache } from '../../../src/relay/delivery/gop-cache.js';
import { DEFAULT_LIMITS, type Limits } from '../../../src/config/limits.js';
import { Message } from '../../../src/relay/message.js';
import { Delivery } from '../../../src/relay/delivery/delivery.js';
import type { Outlet } from '../../../src/relay/delivery/outlet.js';
import { continuityErrors, packetsOf } from '../../support/mpegts/packets-of.js';
import { packet, packets, patSection, pmtSection, sectionPackets } from '../../support/mpegts/ts.js';

const VIDEO = 0x100;
const AUDIO = 0x101;
const MB = 1024 * 1024;

/** Takes what a viewer is sent, as slowly as a test says. */
class Client implements Outlet {
  waitingBytes = 0;
  isKept = false; // whether what is sent waits
  givenUp = 0;
  readonly #got: Uint8Array[] = [];

  send(message: Message): void {
    this.#got.push(message.keep());
    if (this.isKept) this.waitingBytes += message.data.length;
  }

  abort(): void {
    this.givenUp++;
  }

  get messages(): number {
    return this.#got.length;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#got);
  }
}

/** A feed's messages: numbered packets of picture and sound in lent memory, as a feed hands them round. */
class Live {
  readonly cache = new GopCache(new CacheBudget(32 * MB));
  readonly all: Buffer[] = [];
  readonly viewers: Delivery[] = [];
  readonly #facts: ProgramFacts;
  readonly #counters = new Map<number, number>();
  readonly #lent = Buffer.alloc(188 * 64);

  constructor() {
    const tables = Buffer.concat([
      sectionPackets(0, patSection(0x1000)),
      sectionPackets(
        0x1000,
        pmtSection([
          { streamType: 0x02, pid: VIDEO },
          { streamType: 0x03, pid: AUDIO },
        ]),
      ),
    ]);
    this.#facts = { tables, keyPid: VIDEO, pids: [VIDEO, AUDIO], marksAccess: true };
  }

  /** `*`: a random access point, `V`: a picture begins, `v`: it goes on; `A`, `a`: sound. */
  send(what: string): void {
    const made = Array.from(what, (kind) => kind).map((kind) => {
      const pid = 'aA'.includes(kind) ? AUDIO : VIDEO;
      const counter = this.#counters.get(pid) ?? 0;
      this.#counters.set(pid, (counter + 1) & 0x0f);
      const one = packet({ pid, counter, startsUnit: '*VA'.includes(kind), randomAccess: kind === '*' });
      one.writeUInt32BE(this.all.length, 20);
      this.all.push(one);
      return one;
    });
    const data = this.#lent.subarray(0, made.length * 188);
    made.forEach((one, i) => data.set(one, i * 188));
    const accessPointOffset = what.includes('*') ? what.indexOf('*') * 188 : -1;
    const message = new Message('ts', data, { accessPointOffset, startsSource: false, facts: this.#facts });
    for (const viewer of this.viewers) viewer.write(message);
    this.cache.write(message);
    this.#lent.fill(0);
  }

  join(client: Client, limits: Partial<Limits> = {}): Delivery {
    const quiet = { droppingStarted: () => undefined, droppingEnded: () => undefined };
    const viewer = new Delivery(client, { ...DEFAULT_LIMITS, ...limits }, quiet);
    viewer.start(this.cache);
    this.viewers.push(viewer);
    return viewer;
  }
}

const numbersOf = (bytes: Buffer, pid: number) => packetsOf(bytes, pid).map((one) => one.readUInt32BE(20));

describe('Delivery', () => {
  let live: Live;
  let client: Client;
  let now: () => number;
  let atMs: number;
  beforeEach(() => {
    live = new Live();
    client = new Client();
    // The viewer's clock is the test's: nothing is waited for.
    now = performance.now.bind(performance);
    atMs = 1000;
    performance.now = () => atMs;
  });
  afterEach(() => {
    performance.now = now;
  });

  it('begins with what is kept: tables, a random access point, and what came since', () => {
    live.send('VvAa');
    live.send('v*vAav');
    live.send('VvAa');
    live.join(client);
    const [pat, pmt, first] = packetsOf(client.bytes);
    expect([pat, pmt].map((one) => one!.readUInt16BE(1) & 0x1fff)).to.deep.equal([0, 0x1000]);
    expect(first!.readUInt32BE(20)).to.equal(5);
    expect(numbersOf(client.bytes, VIDEO)).to.deep.equal([5, 6, 9, 10, 11]);
    expect(numbersOf(client.bytes, AUDIO)).to.deep.equal([7, 8, 12, 13]);
  });

  it('gets what is kept in whole packets of at most 64 KiB a message', () => {
    live.send('*');
    for (let i = 0; i < 40; i++) live.send('v'.repeat(60));
    live.join(client);
    expect(client.bytes.length).to.equal((2 + 1 + 2400) * 188);
    expect(client.messages).to.equal(7);
  });

  it('waits for a random access point if nothing is cached, or it has no cache', () => {
    const viewer = new Delivery(client, DEFAULT_LIMITS, {
      droppingStarted: () => undefined,
      droppingEnded: () => undefined,
    });
    viewer.start(null);
    live.viewers.push(viewer);
    live.send('VvAa');
    expect(client.messages).to.equal(0);
    live.send('v*Av');
    expect(numbersOf(client.bytes, VIDEO)).to.deep.equal([5, 7]);
  });

  it('gets no packet twice and loses none between what is kept and what is live, whatever the messages', () => {
    const message = fc.string({ unit: fc.constantFrom('*', 'V', 'v', 'v', 'A', 'a'), minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 25 }), fc.nat(), (messages, at) => {
        live = new Live();
        client = new Client();
        const joins = at % messages.length;
        messages.slice(0, joins).forEach((one) => live.send(one));
        live.join(client);
        messages.slice(joins).forEach((one) => live.send(one));
        expect(continuityErrors(client.bytes)).to.deep.equal([]);
        for (const pid of [VIDEO, AUDIO]) {
          const sent = numbersOf(Buffer.concat(live.all), pid);
          const got = numbersOf(client.bytes, pid);
          expect(got, `PID ${pid}`).to.deep.equal(got.length === 0 ? [] : sent.slice(sent.indexOf(got[0]!)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('has whole messages dropped when it is slow, and resumes at a random access point', () => {
    live.send('*v');
    const viewer = live.join(client, { highWaterBytes: 1000 });
    client.waitingBytes = 1001 + 4 * 188; // what is kept is owed
    live.send('vv');
    expect(client.messages).to.equal(1);
    live.send('V*v');
    client.waitingBytes = 0;
    live.send('v');
    live.send('V*v');
    live.send('v');
    expect(viewer.droppedMessages).to.equal(3);
    expect(numbersOf(client.bytes, VIDEO)).to.deep.equal([0, 1, 9, 10, 11]);
    expect(packetsOf(client.bytes.subarray(4 * 188)).map((one) => one.readUInt16BE(1) & 0x1fff)).to.deep.equal([
      ...[0, 0x1000, VIDEO, VIDEO, VIDEO],
    ]);
  });

  it('is not slow because what it was sent at once still waits', () => {
    client.isKept = true;
    live.send('*');
    for (let i = 0; i < 10; i++) live.send('v'.repeat(60));
    const viewer = live.join(client, { highWaterBytes: 50_000 });
    const owed = client.waitingBytes;
    expect(owed).to.be.greaterThan(100_000);
    live.send('v');
    expect(viewer.droppedMessages).to.equal(0);
    client.waitingBytes = owed + 50_001; // but it is when more comes than it reads
    live.send('v');
    expect(viewer.droppedMessages).to.equal(1);
  });

  it('is slow when as much waits as may, beside what it has not read yet of what it was sent at once', () => {
    client.isKept = true;
    live.send('*');
    for (let i = 0; i < 10; i++) live.send('v'.repeat(60));
    const viewer = live.join(client, { highWaterBytes: 50_000 });
    client.waitingBytes = Math.round(client.waitingBytes / 2); // it has read the other half
    for (let i = 0; i < 5; i++) live.send('v'.repeat(60)); // 56,400 bytes
    expect(viewer.droppedMessages).to.equal(0);
    live.send('v');
    expect(viewer.droppedMessages).to.equal(1);
  });

  it('owes nothing any more once it has read what it was sent at once', () => {
    client.isKept = true;
    live.send('*');
    for (let i = 0; i < 10; i++) live.send('v'.repeat(60));
    const viewer = live.join(client, { highWaterBytes: 50_000 });
    client.waitingBytes = 40_000;
    live.send('v');
    client.waitingBytes = 50_001;
    live.send('v');
    expect(viewer.droppedMessages).to.equal(1);
  });

  it('is disconnected when it has not read a byte for 30 s of dropping', () => {
    live.send('*');
    live.join(client);
    client.waitingBytes = 3 * MB;
    live.send('v');
    atMs += 29_999;
    live.send('v');
    expect(client.givenUp).to.equal(0);
    client.waitingBytes -= 1; // it reads
    live.send('v');
    atMs += 29_999;
    live.send('v');
    expect(client.givenUp).to.equal(0);
    atMs += 1;
    live.send('v');
    expect(client.givenUp).to.equal(1);
  });

  it('is not given up as soon as it is slow, having been quick for long', () => {
    // One message over the mark was enough: the time was counted from the last message that found something waiting.
    live.send('V');
    live.join(client);
    client.waitingBytes = 1;
    live.send('*');
    client.waitingBytes = 0;
    live.send('A');
    atMs += 60_000;
    live.send('v');
    client.waitingBytes = 10 * MB;
    live.send('v');
    expect(client.givenUp).to.equal(0);
    atMs += 30_000;
    live.send('v');
    expect(client.givenUp).to.equal(1);
  });

  it('is sent nothing while nothing can be sent', () => {
    live.join(client);
    client.waitingBytes = -1;
    live.send('*v');
    expect(client.messages).to.equal(0);
  });

  it('gets text as it is, also before the first random access point', () => {
    const viewer = live.join(client);
    viewer.write(new Message('text', Buffer.from('hello')));
    viewer.write(new Message('ts', packets(1), { accessPointOffset: -1, startsSource: false }));
    expect(client.bytes.toString()).to.equal('hello');
  });
});
