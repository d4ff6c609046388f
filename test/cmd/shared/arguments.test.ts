import { expect } from 'chai';
import { readOptions, UsageError } from '../../../cmd/shared/arguments.js';

describe('the command line', () => {
  const spec = { texts: ['port', 'api-key'], flags: ['tour'], lists: ['token'], numbers: ['watch'] };

  it('has texts, flags, lists, numbers that may be omitted, and --help', () => {
    const args = ['--port', '1', '--tour', '--token', 'a=b', '--token=c=d', '--watch', '2', '-h'];
    const { options, flags, lists, names } = readOptions(args, spec);
    expect(options).to.deep.equal({ port: '1', watch: '2' });
    expect([...flags].sort()).to.deep.equal(['help', 'tour']);
    expect(lists).to.deep.equal({ token: ['a=b', 'c=d'] });
    expect(names).to.deep.equal([]);
    expect(readOptions(['--watch', '--tour'], spec).options).to.deep.equal({ watch: '' });
    expect(readOptions(['--port', ''], spec).options).to.deep.equal({ port: '' });
  });

  it('has other arguments only where they are accepted', () => {
    expect(readOptions(['a', 'b'], { ...spec, positionals: 'accepted' }).names).to.deep.equal(['a', 'b']);
    expect(() => readOptions(['a'], spec)).to.throw(UsageError, /^Unexpected argument 'a'/);
  });

  const wrong: [args: string[], message: RegExp][] = [
    [['--por', '1'], /^Unknown option '--por' \(--port was meant\?\); --help lists what is accepted$/],
    [['--nothing-like'], /^Unknown option '--nothing-like'; --help lists what is accepted$/],
    [['--key', 'secret'], /^--key is a PEM file, of vw stream and vw serve; the API key is --api-key$/],
    [['--port'], /^Option '--port <value>' argument missing; --help/],
    [['--tour=1'], /^Option '--tour' does not take an argument; --help/],
  ];
  for (const [args, message] of wrong) {
    it(`${args.join(' ')} is refused`, () => {
      expect(() => readOptions(args, spec)).to.throw(UsageError, message);
    });
  }
});
