import { expect } from 'chai';
import type { RuleSet } from '../../src/relay/rules/rule-set.js';
import { DamagedError, decodeState, encodeState, NewerVersionError } from '../../src/state/state-text.js';

const RULES: RuleSet = {
  streams: [{ stream: 'stream/front', feeds: ['video0', 'audio0'], trimMs: { audio0: -40 } }],
  destinations: [{ id: 'lab', stream: 'stream/front', destination: 'wss://relay.example/in/front', token: 'secret' }],
  mutes: [
    { feed: 'audio0', tracks: 'audio', binary: 'pass' },
    { feed: 'all', tracks: 'all' },
  ],
  mutesUnknown: false,
};

async function failure(bytes: Buffer): Promise<unknown> {
  return decodeState(bytes).then(
    () => null,
    (error: unknown) => error,
  );
}

describe('the text of a state file', () => {
  it('has the rules, tokens included', async () => {
    expect(await decodeState(await encodeState(RULES))).to.deep.equal(RULES);
  });

  it('is damaged at whatever byte it is cut', async () => {
    const bytes = await encodeState(RULES);
    for (let length = 0; length < bytes.length; length++) {
      expect(await failure(bytes.subarray(0, length)), `${length} bytes`).to.be.instanceOf(DamagedError);
    }
  });

  it('is damaged whatever byte of the rules is another one', async () => {
    const bytes = await encodeState(RULES);
    for (let at = bytes.indexOf(0x0a); at < bytes.length; at++) {
      const other = Buffer.from(bytes);
      other[at]! ^= 1;
      expect(await failure(other), `byte ${at}`).to.be.instanceOf(DamagedError);
    }
  });

  it('is damaged if more follows, or zeros, or another text', async () => {
    const bytes = await encodeState(RULES);
    const others = [
      Buffer.concat([bytes, Buffer.from('\n')]),
      Buffer.alloc(bytes.length),
      Buffer.from('null\n'),
      Buffer.from('{}\n{}\n'),
      Buffer.from('{"streams":[],"destinations":[],"mutes":[]}\n'),
      Buffer.alloc(100_000, 0x20),
    ];
    for (const other of others) expect(await failure(other)).to.be.instanceOf(DamagedError);
  });

  it('may begin with a byte order mark', async () => {
    const bytes = Buffer.concat([Buffer.from('\ufeff'), await encodeState(RULES)]);
    expect(await decodeState(bytes)).to.deep.equal(RULES);
  });

  it('of a newer version is not called damaged, whatever follows its first line', async () => {
    const text = (await encodeState(RULES)).toString().replace('"version":1', '"version":2');
    for (const newer of [text, text.slice(0, text.indexOf('\n')), '{"version":17}\nwhatever']) {
      expect(await failure(Buffer.from(newer))).to.be.instanceOf(NewerVersionError);
    }
  });

  it('has no secret in the reason for which it is refused', async () => {
    const rules = { ...RULES, destinations: [{ ...RULES.destinations[0]!, destination: 'ftp://secret?key=secret' }] };
    const error = (await failure(await encodeState(rules))) as Error;
    expect(error.message).to.equal('destinations[0] is not accepted (ERR_BAD_URL)');
  });
});
