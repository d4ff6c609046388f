// The state machine of a swap, with links that only note what they are given.

import { mock } from 'node:test';
import { expect } from 'chai';
import { DEFAULT_LIMITS } from '../../../src/config/limits.js';
import type { ProgramFacts } from '../../../src/mpegts/splice/splicer.js';
import type { Link } from '../../../src/relay/destination/link.js';
import { SwappableLink } from '../../../src/relay/destination/swappable-link.js';
import type { Sink } from '../../../src/relay/feed/sink.js';
import { Message } from '../../../src/relay/message.js';
import type { DestinationRule } from '../../../src/relay/rules/rules.js';
import { packet, patSection, pmtSection, sectionPackets } from '../../support/mpegts/ts.js';

const VIDEO = 0x100;
const AUDIO = 0x101;
const TABLES = Buffer.concat([
  sectionPackets(0, patSection(0x1000)),
  sectionPackets(
    0x1000,
    pmtSection([
      { streamType: 0x02, pid: VIDEO },
      { streamType: 0x03, pid: AUDIO },
    ]),
  ),
]);
const FACTS: ProgramFacts = { tables: TABLES, keyPid: VIDEO, pids: [VIDEO, AUDIO], marksAccess: true };

/** A link that notes what it is given. */
class NotedLink {
  isOpen = false;
  hasSent = false;
  awaitsAccess = false;
  closedWith: readonly [code: number, drainMs: number] | null = null;
  isCut = false;
  readonly got: string[] = [];

  constructor(readonly url: string) {}

  write(message: Message): void {
    this.hasSent = true;
    this.got.push(message.kind === 'ts' ? pidsOf(message.data) : `text ${Buffer.from(message.data).toString()}`);
  }

  resubscribe(): void {
    this.got.push('resubscribed');
  }

  cut(): void {
    this.isCut = true;
  }
}

function pidsOf(data: Uint8Array): string {
  const bytes = Buffer.from(data);
  const pids = Array.from({ length: bytes.length / 188 }, (_, i) => bytes.readUInt16BE(i * 188 + 1) & 0x1fff);
  return pids.map((pid) => pid.toString(16)).join(' ');
}

const picture = (randomAccess = false) =>
  new Message('ts', packet({ pid: VIDEO, startsUnit: true, randomAccess }), {
    ...{ accessPointOffset: randomAccess ? 0 : -1, startsSource: false, facts: FACTS },
  });
const sound = (startsUnit = true) =>
  new Message('ts', packet({ pid: AUDIO, startsUnit }), { accessPointOffset: -1, startsSource: false, facts: FACTS });
const text = (words: string) => new Message('text', Buffer.from(words));
const ruleTo = (endpoint: string, stream: string, swap?: 'break'): DestinationRule => ({
  ...{ id: '0', stream, destination: `ws://${endpoint}` },
  ...(swap ? { swap } : {}),
});

describe('SwappableLink', () => {
  let links: NotedLink[];
  let subscriptions: { stream: string; sink: Sink }[];
  let swappable: SwappableLink;

  const linkTo = (endpoint: string): NotedLink => links.filter(({ url }) => url === `ws://${endpoint}`).at(-1)!;
  const open = (endpoint: string) => {
    linkTo(endpoint).isOpen = true;
    swappable.linkOpened(linkTo(endpoint) as unknown as Link);
  };
  const lose = (endpoint: string) => {
    linkTo(endpoint).isOpen = false;
    swappable.linkLost(linkTo(endpoint) as unknown as Link);
  };
  const send = (stream: string, message: Message) => {
    for (const { stream: name, sink } of [...subscriptions]) if (name === stream) sink.write(message);
  };

  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
    links = [];
    subscriptions = [];
    swappable = new SwappableLink(
      ruleTo('a', 'one'),
      {
        attach: (stream, sink) => {
          const one = { stream, sink };
          subscriptions.push(one);
          return () => subscriptions.splice(subscriptions.indexOf(one), 1);
        },
        dial: ({ destination }) => {
          const link = new NotedLink(destination);
          links.push(link);
          return link as unknown as Link;
        },
        close: (link, code, drainMs) => {
          (link as unknown as NotedLink).closedWith = [code, drainMs];
        },
      },
      DEFAULT_LIMITS,
    );
    open('a');
  });
  afterEach(() => mock.timers.reset());

  /** A swap from a to b, of which sound still goes to a. */
  const drainFromAToB = () => {
    send('one', picture(true));
    send('one', sound());
    swappable.swapTo(ruleTo('b', 'one'));
    open('b');
    send('one', picture(true));
    expect(linkTo('b').got).to.deep.equal(['0 1000 100']);
    send('one', sound(false));
    expect(linkTo('a').got.at(-1), 'the rest of the unit').to.equal('101');
    expect(linkTo('a').closedWith).to.equal(null);
  };

  it('sends each packet to one of the two links, and leaves the previous one when its units are complete', () => {
    drainFromAToB();
    send('one', sound());
    expect(linkTo('b').got).to.deep.equal(['0 1000 100', '101']);
    expect(linkTo('a').closedWith).to.deep.equal([1000, 5000]);
    send('one', picture());
    expect(linkTo('b').got).to.have.length(3);
  });

  it('leaves the previous link after 5 s, if its units are never completed', () => {
    drainFromAToB();
    mock.timers.tick(5000);
    expect(linkTo('a').closedWith).to.deep.equal([1000, 5000]);
  });

  it('sends a link that drains nothing of another stream', () => {
    drainFromAToB();
    const before = linkTo('a').got.length;
    lose('b');
    swappable.swapTo(ruleTo('c', 'two'));
    open('c');
    send('two', picture(true));
    send('two', sound(false));
    expect(linkTo('a').got).to.have.length(before);
    expect(linkTo('c').got).to.deep.equal(['100', '101']);
  });

  it('keeps a drain under the dial of the next swap, which starts when that is over', () => {
    drainFromAToB();
    swappable.swapTo(ruleTo('c', 'one'));
    open('c');
    send('one', picture(true));
    expect(linkTo('c').got).to.deep.equal([]);
    send('one', sound());
    expect(linkTo('a').closedWith).to.deep.equal([1000, 5000]);
    send('one', picture(true));
    expect(linkTo('c').got).to.deep.equal(['0 1000 100']);
  });

  it('waits for the start of another stream with media, whatever texts come meanwhile', () => {
    send('one', picture(true));
    swappable.swapTo(ruleTo('a', 'two'));
    send('two', picture());
    mock.timers.tick(DEFAULT_LIMITS.resumeAfterMs); // nothing came since the timer fired
    send('two', text('21.5'));
    send('one', picture());
    expect(linkTo('a').got, 'the previous stream goes on').to.deep.equal(['100', '100']);
    send('two', picture(true));
    send('two', text('21.6'));
    expect(linkTo('a').got.slice(2).join(', ')).to.match(/100, text 21\.6$/);
  });

  it('goes over to another stream at once, if that has text only', () => {
    swappable.swapTo(ruleTo('a', 'two'));
    send('two', text('21.5'));
    expect(linkTo('a').got).to.deep.equal(['resubscribed', 'text 21.5']);
    send('one', picture(true));
    expect(linkTo('a').got).to.have.length(2);
  });

  it('cuts every link that still sends when a rule says "break"', () => {
    drainFromAToB();
    swappable.swapTo(ruleTo('c', 'one', 'break'));
    expect([linkTo('a').isCut, linkTo('b').isCut]).to.deep.equal([true, true]);
  });

  it('closes a link that drains without further delay when it is closed, and leaves no subscription', () => {
    drainFromAToB();
    swappable.swapTo(ruleTo('b', 'two'));
    swappable.close(1001);
    expect(linkTo('a').closedWith).to.deep.equal([1001, 0]);
    expect(linkTo('b').closedWith).to.deep.equal([1001, 0]);
    expect(subscriptions).to.deep.equal([]);
  });

  it('goes over to the next link when the live one is lost, and does not wait for a start', () => {
    send('one', picture(true));
    swappable.swapTo(ruleTo('b', 'one'));
    lose('a');
    expect(swappable.live).to.equal(linkTo('b'));
    expect(linkTo('a').closedWith).to.deep.equal([1000, 5000]);
  });

  it('dials again when the next link is lost, and sends the live one what was held', () => {
    send('one', picture(true));
    swappable.swapTo(ruleTo('b', 'one'));
    open('b');
    lose('b');
    send('one', picture(true));
    expect(linkTo('b').got).to.deep.equal([]);
    open('b');
    send('one', picture(true));
    expect(linkTo('b').got).to.deep.equal(['0 1000 100']);
    expect(links).to.have.length(2);
  });
});
