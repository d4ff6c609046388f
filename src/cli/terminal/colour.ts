// Colours for terminal output. Pure.

/** The meaning of a text that its colour shows. */
export type Tone = 'plain' | 'good' | 'notice' | 'wrong' | 'quiet' | 'head';

const CODES: Readonly<Record<Exclude<Tone, 'plain'>, readonly [on: number, off: number]>> = {
  good: [32, 39],
  notice: [33, 39],
  wrong: [31, 39],
  quiet: [90, 39],
  head: [1, 22],
};

/** Paints a text in its tone. */
export type Painter = (text: string, tone: Tone) => string;

/** Where text is printed: its width in columns (Infinity: nothing is truncated or wrapped) and its colours. */
export interface Surface {
  readonly width: number;
  readonly paint: Painter;
}

/** A painter; a plain one returns what it is given. */
export function painter(colours: 'coloured' | 'plain'): Painter {
  return (text, tone) => {
    if (colours === 'plain' || tone === 'plain' || text === '') return text;
    const [on, off] = CODES[tone];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}
