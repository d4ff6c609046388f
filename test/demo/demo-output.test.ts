import { expect } from 'chai';
import { DemoOutput } from '../../src/demo/demo-output.js';

/** What a voice writes when everything has been said once. */
function said(colours: 'coloured' | 'plain'): string {
  let text = '';
  const voice = new DemoOutput((part) => (text += part), colours);
  voice.heading('head');
  voice.command(['curl \\', '  http://here']);
  voice.comment('"ok"');
  voice.row('relay', 'http://here', 'more');
  voice.success('good');
  voice.failure('bad');
  voice.line();
  return text;
}

describe("the demo's words", () => {
  it('are plain where no colour is wanted, and a command with its answer can be pasted', () => {
    expect(said('plain')).to.equal(
      'head\ncurl \\\n  http://here\n# "ok"\n  relay           http://here  more\ngood\nbad\n\n',
    );
  });

  it('are the same words in colour, which each line ends', () => {
    const painted = said('coloured');
    expect(painted.replace(/\u001b\[\d+m/g, '')).to.equal(said('plain'));
    expect(painted.match(/\u001b\[(1|32|33|36|90)m/g)).to.have.length(8);
    expect(painted.match(/\u001b\[(22|39)m/g)).to.have.length(8);
  });
});
