import { expect } from 'chai';
import { DocumentError, documentText, readDocument } from '../../../src/cli/rules/rules-document.js';

const GOOD = {
  streams: [{ stream: 'stream/front', feeds: ['video0', 'audio0#audio'], trimMs: { audio0: -40 } }],
  destinations: [{ id: '1', stream: 'stream/front', destination: 'wss://far.example/in/front', tokenSet: true }],
  mutes: [{ feed: 'all', tracks: 'audio' }],
};

function faultsOf(document: unknown): readonly string[] {
  try {
    readDocument(document);
  } catch (error) {
    expect(error).to.be.instanceOf(DocumentError);
    return (error as DocumentError).faults;
  }
  throw new Error('it was read');
}

describe('readDocument', () => {
  it('reads what a relay says of its rules', () => {
    const { tokenSet: isTokenSet, ...rule } = GOOD.destinations[0]!;
    expect(readDocument(GOOD)).to.deep.equal({
      streams: GOOD.streams,
      destinations: [{ rule, isTokenSet }],
      mutes: GOOD.mutes,
      mutesUnknown: false,
      omittedParts: new Set(),
    });
  });

  it('knows what it says nothing of', () => {
    expect([...readDocument({ mutes: [] }).omittedParts]).to.deep.equal(['streams', 'destinations']);
  });

  it('trims names as the API does', () => {
    const { streams } = readDocument({ streams: [{ stream: '/stream/a', feeds: ['/video0'] }] });
    expect(streams).to.deep.equal([{ stream: 'stream/a', feeds: ['video0'] }]);
  });

  it('says all that is wrong, and where', () => {
    const faults = faultsOf({
      streams: [GOOD.streams[0], { stream: 'front', feeds: [] }, { stream: '/stream/front', feeds: [] }],
      destinations: [
        { id: '1', stream: 'video0', destination: 'ftp://x' },
        { id: 'apiRule', stream: 'video0', destination: 'wss://x' },
      ],
      mutes: [{ tracks: 'audio' }, null, { feed: 'video0', tracks: 'none' }],
    });
    const expected: [string, string][] = [
      ['streams[1]: ', 'streams begin with "stream/"'],
      ['streams[2]: ', '"stream/front" is streams[0], too; accepted: each once'],
      ['destinations[0]: ', '"ftp://" is not dialled'],
      ['destinations[1]: ', 'not one of all, deleteAll, apiRule'],
      ['mutes[0]: ', 'feed: string expected'],
      ['mutes[1]: ', 'feed: string expected'],
      ['mutes[2]: ', '"audio" or "all"'],
    ];
    expect(faults).to.have.length(expected.length);
    expected.forEach(([where, what], i) => {
      expect(faults[i]!.startsWith(where), faults[i]).to.be.true;
      expect(faults[i]).to.contain(what);
    });
  });

  for (const other of [null, [], 'x', 7, {}, { stream: 'stream/a', feeds: [] }, { streams: {} }]) {
    it(`refuses ${JSON.stringify(other)}`, () => {
      expect(faultsOf(other)[0]).to.match(/accepted/);
    });
  }
});

describe('documentText', () => {
  it('has a rule a line, by name, and is read as what it was', () => {
    const destinations = [
      { id: '10', stream: 'video0', destination: 'wss://x/10' },
      { id: '9', stream: 'video0', destination: 'wss://x/9' },
    ];
    const text = documentText({ ...GOOD, destinations, mutes: [] });
    expect(text).to.equal(`\
{
  "streams": [
    {"stream":"stream/front","feeds":["video0","audio0#audio"],"trimMs":{"audio0":-40}}
  ],
  "destinations": [
    {"id":"9","stream":"video0","destination":"wss://x/9"},
    {"id":"10","stream":"video0","destination":"wss://x/10"}
  ],
  "mutes": []
}
`);
    expect(readDocument(JSON.parse(text)).streams).to.deep.equal(GOOD.streams);
  });
});
