import { expect } from 'chai';
import { splitJsonObjects } from '../../../src/api/control/split-commands.js';

describe('splitCommands', () => {
  it('parts objects and nothing else', () => {
    expect(splitJsonObjects('{"a":1}{"b":"}{"} \n[1]')).to.deep.equal(['{"a":1}', '{"b":"}{"}', '[1]']);
    expect(splitJsonObjects(' x ')).to.deep.equal(['x']);
    expect(splitJsonObjects('')).to.deep.equal(['']);
    expect(splitJsonObjects('}}')).to.deep.equal(['}', '}']);
    expect(splitJsonObjects('{"a":"\\""}')).to.deep.equal(['{"a":"\\""}']);
    expect(splitJsonObjects('[1]}{"a":1}}', 2)).to.deep.equal(['[1]', '}', '{"a":1}}']);
  });
});
