import { expect } from 'chai';
import { type EventBody, EVENT_TYPES, eventSchema } from '../../../src/relay/events/event.js';
import { lineOf } from '../../../src/relay/events/event-line.js';
import { EventLog, type RecordedEvent } from '../../../src/relay/events/event-log.js';
import { keptLog } from '../../support/relay/relay.js';

const up = (source: string): EventBody => ({ type: 'feed-up', feed: 'video0', source });
const fault = { code: 'lost', message: 'it broke off' } as const;
const far = { destination: '0', endpoint: 'ws://far.example/in/x' };

/** One of each kind. */
const ALL: readonly EventBody[] = [
  { type: 'rule-set', kind: 'stream', name: 'stream/a', rule: { stream: 'stream/a', feeds: ['video0', 'audio0'] } },
  { type: 'rule-set', kind: 'destination', name: '0', rule: { id: '0', stream: 'a', destination: 'ws://h/x?code=s' } },
  { type: 'rule-set', kind: 'mute', name: 'all', rule: { feed: 'all', tracks: 'audio' } },
  { type: 'rule-deleted', kind: 'stream', name: 'stream/a' },
  { type: 'rule-deleted', kind: 'destination', name: '0' },
  { type: 'rule-deleted', kind: 'mute', name: 'all' },
  up('a'),
  { type: 'feed-up', feed: 'video0', source: 'b', before: 'a' },
  { type: 'feed-down', feed: 'video0', source: 'b' },
  { type: 'feed-fault', feed: 'video0', fault: { code: 'silent', message: 'nothing comes' } },
  { type: 'feed-fault', feed: 'video0', fault: null },
  { type: 'tracks-changed', name: 'video0', tracks: [{ pid: 256, kind: 'video', codec: 'h264' }] },
  { type: 'link-open', ...far },
  { type: 'link-lost', ...far, fault },
  { type: 'link-refused', ...far, fault },
  { type: 'destination-fault', destination: '0', fault: { code: 'no-rule', message: 'no such rule' } },
  { type: 'destination-fault', destination: '0', fault: null },
  { type: 'state-fault', fault: { code: 'not-saved', message: 'rules cannot be saved: the device fails (EIO)' } },
  { type: 'state-fault', fault: null },
  { type: 'dropping-started', reader: 'destination', name: '0' },
  { type: 'dropping-ended', reader: 'destination', name: '0', messages: 3, bytes: 564 },
  { type: 'dropping-started', reader: 'viewer', name: 'video0' },
  { type: 'dropping-ended', reader: 'viewer', name: 'video0', messages: 3, bytes: 564 },
];

describe('Journal', () => {
  let log: ReturnType<typeof keptLog>;
  let eventLog: EventLog;
  beforeEach(() => {
    log = keptLog();
    eventLog = new EventLog(log);
  });

  it('sends the log and its subscribers the same, in the same order', () => {
    const told: RecordedEvent[] = [];
    eventLog.subscribe((one) => told.push(one));
    for (const body of ALL) eventLog.emit(body);
    expect(told.map(({ event }) => event.id)).to.deep.equal(ALL.map((_, i) => i + 1));
    expect(log.lines.map(({ message, facts }) => ({ message, facts }))).to.deep.equal(
      ALL.map(lineOf).map(({ message, facts }) => ({ message, facts })),
    );
    for (const { event, json } of told) expect(eventSchema.parse(JSON.parse(json))).to.deep.equal(event);
    expect(new Set(ALL.map(({ type }) => type)), 'one of each kind').to.deep.equal(new Set(EVENT_TYPES));
  });

  it('logs no query of an address', () => {
    for (const body of ALL) eventLog.emit(body);
    expect(JSON.stringify(log.lines)).not.to.contain('code=s');
  });

  it('keeps a thousand events, and says whether that is all since one', () => {
    expect(eventLog.since(0)).to.deep.equal({ events: [], isComplete: true });
    for (let i = 0; i < 1500; i++) eventLog.emit(up(String(i)));
    expect(eventLog.since(500).events).to.have.length(1000);
    expect(eventLog.since(500).isComplete).to.equal(true);
    expect(eventLog.since(499).isComplete).to.equal(false);
    expect(eventLog.since(1498).events.map(({ event }) => event.id)).to.deep.equal([1499, 1500]);
    expect(eventLog.since(1500)).to.deep.equal({ events: [], isComplete: true });
    expect(eventLog.since(1501).isComplete, 'what has not happened yet').to.equal(false);
  });

  it('keeps half a megabyte, however large events are', () => {
    const feeds = Array.from({ length: 100 }, (_, i) => 'x'.repeat(90) + String(i));
    for (let i = 0; i < 300; i++) {
      eventLog.emit({ type: 'rule-set', kind: 'stream', name: 'stream/a', rule: { stream: 'stream/a', feeds } });
    }
    const { events } = eventLog.since(0);
    expect(events.reduce((sum, { json }) => sum + json.length, 0)).to.be.within(400_000, 512 * 1024);
    expect(events.at(-1)!.event.id).to.equal(300);
  });

  it('tolerates subscribers that throw, and those that unsubscribe while they receive an event', () => {
    const heard: number[] = [];
    eventLog.subscribe(() => {
      throw new Error('no');
    });
    const leave = eventLog.subscribe(() => leave());
    eventLog.subscribe(({ event }) => heard.push(event.id));
    eventLog.emit(up('a'));
    eventLog.emit(up('b'));
    expect(heard).to.deep.equal([1, 2]);
    expect(log.lines.filter(({ level }) => level === 'error')).to.have.length(2);
  });

  it('emits frequent changes of one subject once a second, and finally its last state', () => {
    const subject = {};
    const told: RecordedEvent[] = [];
    eventLog.subscribe((one) => told.push(one));
    for (let i = 0; i < 1000; i++) {
      eventLog.emit(up(String(i)), {}, subject);
      eventLog.emit({ type: 'feed-down', feed: 'video0', source: String(i) }, {}, subject);
    }
    eventLog.emit(up('elsewhere'), {}, {});
    expect(told, 'ten at once, and one of another').to.have.length(11);
    eventLog.tick();
    expect(told.at(-1)!.event).to.include({ type: 'feed-down', source: '999' });
    expect(log.lines.at(-1)!.facts.suppressed).to.equal(1989);
    eventLog.tick();
    expect(told, 'nothing is told twice').to.have.length(12);
    eventLog.emit(up('late'), {}, subject);
    expect(told, 'and then it is told at once again').to.have.length(13);
  });
});
