// Colours of text for a terminal (ECMA-48, SGR): the log's, vw status's and the demo's. Pure.
// Not util.styleText: from Node 22 on it opens process.stdout, which a server must not (log/log-output.ts).

/** The meaning of a text that its colour shows; `technical`: commands, and details for debugging. */
export type Tone = 'plain' | 'good' | 'notice' | 'wrong' | 'quiet' | 'technical' | 'head';

const CODES: Readonly<Record<Exclude<Tone, 'plain'>, readonly [on: number, off: number]>> = {
  good: [32, 39], // green
  notice: [33, 39], // yellow
  wrong: [31, 39], // red
  quiet: [90, 39], // grey
  technical: [36, 39], // cyan
  head: [1, 22], // bold
};

/** Paints a text in its tone. */
export type Painter = (text: string, tone: Tone) => string;

/** A painter; a plain one returns what it is given. */
export function painter(colours: 'coloured' | 'plain'): Painter {
  return (text, tone) => {
    if (colours === 'plain' || tone === 'plain' || text === '') return text;
    const [on, off] = CODES[tone];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}
