import { expect } from 'chai';
import { readDocument, type RulesDocument } from '../../../src/cli/rules/rules-document.js';
import { type ImportScope, makePlan, type Plan } from '../../../src/cli/rules/rules-plan.js';

const front = { stream: 'stream/front', feeds: ['video0', 'audio0'] };
const far = { id: '1', stream: 'stream/front', destination: 'wss://far.example/in/front' };
const access = { id: 'lab', stream: 'video0', destination: 'https://far.example/session/lab' };
const sound = { feed: 'audio0', tracks: 'audio' };

const document = (parts: object): RulesDocument => {
  return readDocument({ streams: [], destinations: [], mutes: [], ...parts });
};
const plan = (
  wanted: object,
  there: object,
  tokens: Record<string, string> = {},
  scope: ImportScope = 'merge',
): Plan => {
  return makePlan(document(wanted), document(there), new Map(Object.entries(tokens)), scope);
};
const said = ({ steps }: Plan) => steps.map(({ verb, what, description }) => `${verb} ${what}: ${description}`);
const all = { streams: [front], destinations: [far], mutes: [sound] };

describe('makePlan', () => {
  it('mutes before media flows, and sets streams before their destinations', () => {
    const found = plan({ ...all, streams: [{ ...front, trimMs: { audio0: -40 } }] }, {});
    expect(said(found)).to.deep.equal([
      'set mute audio0: audio',
      'set stream stream/front: video0, audio0 with trimMs {"audio0":-40}',
      'set destination 1: stream/front to wss://far.example/in/front',
    ]);
    expect(found.steps.map(({ method, path, body }) => [method, path, body])).to.deep.equal([
      ['PUT', '/api/mutes/audio0', { tracks: 'audio' }],
      ['POST', '/api/streams', { ...front, trimMs: { audio0: -40 } }],
      ['POST', '/api/destinations', far],
    ]);
    expect(found.steps.map(({ isCondition }) => isCondition)).to.deep.equal([true, false, false]);
  });

  it('leaves what is as it should be', () => {
    expect(plan(all, all)).to.deep.equal({ steps: [], refusals: [], unchanged: 3, others: 0 });
    const trimmed = { streams: [{ ...front, trimMs: { audio0: 0 } }] };
    expect(plan(trimmed, { streams: [front] }).steps, 'no correction is one of 0 ms').to.deep.equal([]);
    const made = { destinations: [{ ...far, swap: 'make' }] };
    expect(plan(made, { destinations: [far] }).steps, 'make is the way without one').to.deep.equal([]);
  });

  it('says what is new, and what was', () => {
    const changed = {
      streams: [{ ...front, feeds: [] }],
      destinations: [{ ...far, swap: 'break', stream: 'video0' }],
      mutes: [{ ...sound, tracks: 'all' }],
    };
    expect(said(plan(changed, all))).to.deep.equal([
      'set mute audio0: all (was audio)',
      'set stream stream/front: no feeds (was video0, audio0)',
      'set destination 1: video0 to wss://far.example/in/front with swap break (was stream/front to wss://far.example/in/front)',
    ]);
  });

  it('lets more through only when media goes where it should', () => {
    const found = plan(all, { mutes: [{ feed: 'audio0', tracks: 'all' }] });
    expect(said(found).at(-1)).to.equal('set mute audio0: audio (was all)');
    expect(found.steps.at(-1)!.isCondition).to.equal(false);
  });

  it('compares what becomes of binary messages, and lets them pass last', () => {
    const passing = { ...sound, binary: 'pass' };
    expect(said(plan({ mutes: [passing] }, { mutes: [passing] }))).to.deep.equal([]);
    expect(plan({ mutes: [passing] }, { mutes: [sound] }).steps).to.deep.include({
      verb: 'set',
      what: 'mute audio0',
      description: 'audio, binary passes (was audio)',
      method: 'PUT',
      path: '/api/mutes/audio0',
      body: { tracks: 'audio', binary: 'pass' },
      isCondition: false,
    });
    expect(plan({ mutes: [sound] }, { mutes: [passing] }).steps[0]!.isCondition).to.be.true;
  });

  it('leaves rules that the document does not have, or deletes them on request, last, media before mutes', () => {
    const wanted = { streams: [{ stream: 'stream/new', feeds: [] }], destinations: [], mutes: [] };
    expect(plan(wanted, all)).to.include({ others: 3 });
    const found = plan(wanted, all, {}, 'replace');
    expect(found).to.include({ others: 0 });
    expect(found.steps.map(({ method, path }) => `${method} ${path}`)).to.deep.equal([
      'POST /api/streams',
      'DELETE /api/destinations/1',
      'DELETE /api/streams/stream/front',
      'DELETE /api/mutes/audio0',
    ]);
  });

  it('deletes nothing of a kind that the document does not list', () => {
    const found = makePlan(readDocument({ destinations: [] }), document(all), new Map(), 'replace');
    expect(said(found)).to.deep.equal(['delete destination 1: ']);
    expect(found.others).to.equal(2);
  });

  it('does not unmute one feed for a moment to take the mute of every feed away', () => {
    const everything = { feed: 'all', tracks: 'audio' };
    const found = plan({ mutes: [sound] }, { mutes: [everything, sound] }, {}, 'replace');
    expect(found.refusals).to.deep.equal([]);
    expect(found.steps.map(({ method, path }) => `${method} ${path}`)).to.deep.equal([
      'DELETE /api/mutes/all?feeds=keep',
    ]);
    expect(said(plan({ mutes: [] }, { mutes: [everything] }, {}, 'replace'))).to.deep.equal(['delete mute all: ']);
  });

  it('ends that every feed is withheld because its mute is unknown, once all mutes are set, on request only', () => {
    const found = plan({ mutes: [sound] }, { mutesUnknown: true }, {}, 'replace');
    expect(found.steps.map(({ method, path }) => `${method} ${path}`)).to.deep.equal([
      'PUT /api/mutes/audio0',
      'DELETE /api/mutes/all?feeds=keep',
    ]);
    expect(said(plan({ mutes: [sound] }, { mutesUnknown: true }))).to.deep.equal(['set mute audio0: audio']);
    const streamsOnly = makePlan(readDocument({ streams: [] }), document({ mutesUnknown: true }), new Map(), 'replace');
    expect(said(streamsOnly), 'a document that says nothing of mutes').to.deep.equal([]);
    const lost = plan({ mutesUnknown: true }, { mutes: [sound] }, {}, 'replace');
    expect(said(lost), 'one of a relay that did not know').to.deep.equal([]);
  });
});

describe("makePlan, of a destination's token", () => {
  const set = { ...far, tokenSet: true };
  const refusal = (id: string) => ({
    verb: 'set',
    what: `destination ${id}`,
    reason: `its token is not in the file; give it with --tokens FILE, {"${id}": "TOKEN"}`,
  });

  it('wants it where there was one, and for http and https', () => {
    const found = plan({ destinations: [set, access] }, {});
    expect(found.steps).to.deep.equal([]);
    expect(found.refusals).to.deep.equal([refusal('1'), refusal('lab')]);
  });

  it('keeps the one that the relay has for that endpoint', () => {
    const found = plan({ destinations: [{ ...set, stream: 'video0' }] }, { destinations: [set] });
    expect(found.steps.map(({ body }) => body)).to.deep.equal([{ ...far, stream: 'video0' }]);
    const other = { ...set, destination: 'wss://other.example/in/front' };
    expect(plan({ destinations: [other] }, { destinations: [set] }).refusals).to.deep.equal([refusal('1')]);
    expect(plan({ destinations: [set] }, { destinations: [far] }).refusals).to.deep.equal([refusal('1')]);
  });

  it('takes it as it is given, and does not show it', () => {
    const found = plan({ destinations: [set, access] }, {}, { 1: 'tok-one', lab: 'tok-lab' });
    expect(found.steps.map(({ body }) => body)).to.deep.equal([
      { ...far, token: 'tok-one' },
      { ...access, token: 'tok-lab' },
    ]);
    expect(said(found).join()).to.contain('with its token').and.not.contain('tok-');
    expect(plan({ destinations: [{ ...far, token: 'in-the-file' }] }, {}).steps[0]!.body).to.include({
      token: 'in-the-file',
    });
  });

  it('wants it for https also where the document has null', () => {
    const found = plan(
      { destinations: [{ ...access, token: null }] },
      { destinations: [{ ...access, tokenSet: true }] },
    );
    expect(found.refusals).to.deep.equal([refusal('lab')]);
  });

  it('shows nothing of a code in an address, and sees that it is another', () => {
    const [one, two] = ['?code=one', '?code=two'].map((query) => ({ ...far, destination: far.destination + query }));
    const found = plan({ destinations: [two] }, { destinations: [one] });
    expect(said(found)).to.deep.equal(['set destination 1: stream/front to wss://far.example/in/front']);
    expect(found.steps[0]!.body).to.deep.equal(two);
  });

  it('takes it away where the document has null', () => {
    const bare = { destinations: [{ ...far, token: null }] };
    expect(plan(bare, { destinations: [set] }).steps[0]!.body).to.deep.equal({ ...far, token: null });
    expect(plan(bare, { destinations: [far] }).steps).to.deep.equal([]);
  });
});
