import { expect } from 'chai';
import {
  type DestinationRequest,
  destinationSchema,
  nameFault,
  parseDestinationRule,
  parseStreamRule,
  resolveDestination,
  streamSchema,
  trimName,
} from '../../../src/relay/rules/rules.js';
import { RuleError } from '../../../src/errors.js';

function refusal(parse: () => unknown): RuleError {
  try {
    parse();
  } catch (error) {
    if (error instanceof RuleError) return error;
    throw error;
  }
  throw new Error('accepted');
}

const good = { id: '0', stream: 'video0', destination: 'wss://relay.example.org/in/video0' };

describe('names', () => {
  const longest = 'x'.repeat(200);
  for (const name of ['a', 'video0', 'A-z_0.9', 'a/b/c', '...', '__proto__', 'alle', 'all/x', 'api/x', longest]) {
    it(`may be ${name.slice(0, 20)}`, () => expect(nameFault(name)).to.be.null);
  }

  const bad = [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    '.',
    '..',
    'a/../b',
    './a',
    'a b',
    'ä',
    'a\n',
    'a%2Fb',
    'a?b',
    `${longest}x`,
  ];
  for (const name of [...bad, 'all', 'deleteAll', 'apiRule', 'api']) {
    it(`may not be ${JSON.stringify(name.slice(0, 20))}`, () => expect(nameFault(name)).to.contain('accepted'));
  }

  it('lose one leading "/", not two', () => {
    expect([trimName('/a'), trimName('//a'), trimName('a')]).to.deep.equal(['a', '/a', 'a']);
  });
});

describe('parseStreamRule', () => {
  it('puts a rule in its normal form', () => {
    expect(parseStreamRule({ stream: '/stream/a', feeds: ['/b', 'c'] })).to.deep.equal({
      stream: 'stream/a',
      feeds: ['b', 'c'],
    });
  });

  const refused: [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['a number', 5],
    ['an array', []],
    ['no feeds', { stream: 'stream/a' }],
    ['feeds that are no list', { stream: 'stream/a', feeds: 'video0' }],
    ['a feed that is no name', { stream: 'stream/a', feeds: [1] }],
    ['a feed named like a stream', { stream: 'stream/a', feeds: ['stream/b'] }],
    ['a reserved feed', { stream: 'stream/a', feeds: ['api'] }],
    ['a stream named like a feed', { stream: 'video0', feeds: [] }],
    ['"stream/" alone', { stream: 'stream/', feeds: [] }],
    ['33 feeds', { stream: 'stream/a', feeds: Array.from({ length: 33 }, (_, i) => `f${i}`) }],
    ['a member it does not know', { stream: 'stream/a', feeds: [], feed: 'x' }],
    ['a member __proto__', JSON.parse('{"stream":"stream/a","feeds":[],"__proto__":{"x":1}}')],
  ];
  for (const [what, body] of refused) {
    it(`refuses ${what} and says what is accepted`, () => {
      const error = refusal(() => parseStreamRule(body));
      expect(error.code).to.equal('ERR_BAD_STREAM_RULE');
      expect(error.message).to.match(/[Aa]ccepted/);
    });
  }

  it('loses no member of trimMs, whatever its name', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const rule = (feed: string) =>
        JSON.parse(`{"stream":"stream/a","feeds":["${feed}"],"trimMs":{"${name}":1}}`) as unknown;
      expect(refusal(() => parseStreamRule(rule('video0'))).code, name).to.equal('ERR_BAD_TRIM');
      if (name === '__proto__') continue;
      expect(Object.entries(parseStreamRule(rule(name)).trimMs!), name).to.deep.equal([[name, 1]]);
    }
  });

  it('refuses a feed that is named twice, in whatever spelling', () => {
    const error = refusal(() => parseStreamRule({ stream: 'stream/a', feeds: ['b', '/b'] }));
    expect(error.code).to.equal('ERR_DUPLICATE_FEED');
  });

  it('does not repeat endless or unprintable names', () => {
    const { message } = refusal(() => parseStreamRule({ stream: `stream/\u001b[2J${'x'.repeat(5000)}`, feeds: [] }));
    expect(message.length).to.be.below(600);
    expect(message).not.to.contain('\u001b');
  });
});

describe('keys of rules that JavaScript gives a meaning', () => {
  const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  for (const key of keys) {
    it(`refuses a correction of "${key}" that is not the rule's`, () => {
      const body: unknown = JSON.parse(`{"stream": "stream/a", "feeds": ["x"], "trimMs": {"${key}": 1}}`);
      expect(refusal(() => parseStreamRule(body)).code).to.equal('ERR_BAD_TRIM');
    });

    it(`refuses or keeps a correction of the feed "${key}"`, () => {
      const body: unknown = JSON.parse(`{"stream": "stream/a", "feeds": ["${key}"], "trimMs": {"${key}": 1}}`);
      if (key === '__proto__') expect(refusal(() => parseStreamRule(body)).code).to.equal('ERR_BAD_TRIM');
      else expect(Object.entries(parseStreamRule(body).trimMs!)).to.deep.equal([[key, 1]]);
    });

    it(`refuses a field "${key}"`, () => {
      const stream: unknown = JSON.parse(`{"stream": "stream/a", "feeds": [], "${key}": 1}`);
      expect(refusal(() => parseStreamRule(stream)).code).to.equal('ERR_BAD_STREAM_RULE');
      const destination: unknown = JSON.parse(`{"id": "0", "stream": "a", "destination": "ws://x/", "${key}": 1}`);
      expect(refusal(() => parseDestinationRule(destination)).code).to.equal('ERR_BAD_DESTINATION_RULE');
    });
  }
});

describe('parseDestinationRule', () => {
  it('keeps the URL as it was written', () => {
    const rule = { ...good, destination: 'ws://H:80/a?b=c' };
    expect(parseDestinationRule(rule)).to.deep.equal(rule);
  });

  const urls: [string, unknown][] = [
    ['no URL', 'relay.example.org'],
    ['another scheme', 'ftp://relay.example.org/'],
    ['no host', 'ws://'],
    ['a port that is none', 'ws://h:99999/'],
    ['port 0', 'ws://h:0/'],
    ['a fragment', 'ws://h/#a'],
    ['an empty fragment', 'ws://h/#'],
    ['a user', 'ws://u:p@h/'],
    ['nothing', ''],
  ];
  for (const [what, destination] of urls) {
    it(`refuses a destination with ${what} and says what is accepted`, () => {
      const error = refusal(() => parseDestinationRule({ ...good, destination }));
      expect(error.code).to.equal('ERR_BAD_URL');
      expect(error.message).to.contain('accepted: ws://');
    });
  }

  it('does not repeat the URL, which may hold a secret', () => {
    const { message } = refusal(() => parseDestinationRule({ ...good, destination: 'ws://u:geheim@h/?code=geheim' }));
    expect(message).not.to.contain('geheim');
  });

  for (const token of ['', 'a b', 'ä', 'a\r\nX: y', 'x'.repeat(8193)]) {
    it(`refuses the token ${JSON.stringify(token.slice(0, 10))}`, () => {
      expect(refusal(() => parseDestinationRule({ ...good, token })).code).to.equal('ERR_BAD_TOKEN');
    });
  }

  for (const change of [
    { id: undefined },
    { id: 1 },
    { id: 'all' },
    { stream: '' },
    { destination: 5 },
    { token: 5 },
    { extra: 1 },
  ]) {
    it(`refuses ${JSON.stringify(change)}`, () => {
      const error = refusal(() => parseDestinationRule({ ...good, ...change }));
      expect(error.code).to.equal('ERR_BAD_DESTINATION_RULE');
      expect(error.message).to.match(/[Aa]ccepted/);
    });
  }

  it('tells a token that is not there from one that is taken away', () => {
    const tokens = [{}, { token: null }, { token: 'x' }].map((part): DestinationRequest =>
      parseDestinationRule({ ...good, ...part }),
    );
    expect(tokens.map(({ token }) => token)).to.deep.equal([undefined, null, 'x']);
  });
});

describe('what is said to be accepted', () => {
  const said = (parse: () => unknown) => {
    try {
      parse();
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('it is accepted');
  };

  it('is every field of a rule, as its schema has them', () => {
    const stream = said(() => parseStreamRule({}));
    const isSaid = (name: string) => !['tokenSet', 'similar'].includes(name); // what only answers have
    for (const name of Object.keys(streamSchema.shape).filter(isSaid)) expect(stream).to.include(`"${name}"`);
    const destination = said(() => parseDestinationRule({}));
    for (const name of Object.keys(destinationSchema.shape).filter(isSaid)) expect(destination).to.include(`"${name}"`);
    expect(stream).to.include('"trimMs": {"…": -40} (optional)');
    expect(destination).to.include('"swap": "make" or "break" (optional)');
  });

  it('names both ways out for an http address without a token, and not its query', () => {
    const request = parseDestinationRule({
      id: '1',
      stream: 'a',
      destination: 'http://far.example:81/in/a?code=s3cret',
    });
    const message = said(() => resolveDestination(request, undefined));
    expect(message)
      .to.include('the same with "token"')
      .and.include('ws://far.example:81/in/a')
      .and.not.include('s3cret');
  });
});
