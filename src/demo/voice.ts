// How the demo talks in a terminal: short lines, and a little colour where that is wanted.

const BOLD = [1, 22] as const;
const DIM = [90, 39] as const;
const GREEN = [32, 39] as const;
const CYAN = [36, 39] as const;
const YELLOW = [33, 39] as const;
type Paint = readonly [on: number, off: number];

/** Says things. */
export class Voice {
  constructor(
    private readonly write: (text: string) => void,
    private readonly useColour: boolean,
  ) {}

  /** A line; empty: a blank one. */
  say(line = ''): void {
    this.write(`${line}\n`);
  }

  /** What comes now. */
  head(line: string): void {
    this.say(this.#paint(BOLD, line));
  }

  /** A command, as it can be copied. */
  command(lines: readonly string[]): void {
    for (const line of lines) this.say(this.#paint(CYAN, line));
  }

  /** What is known of something, in two columns. */
  row(what: string, value: string, more = ''): void {
    const gap = more === '' ? '' : `  ${this.#paint(DIM, more)}`;
    this.say(`  ${what.padEnd(11)} ${this.#paint(BOLD, value)}${gap}`);
  }

  /** An answer, behind a # as the shell's comments are, so that it may be copied along. */
  answer(text: string): void {
    this.say(this.#paint(DIM, `# ${text}`));
  }

  /** What one sees or hears now. */
  good(text: string): void {
    this.say(this.#paint(GREEN, text));
  }

  /** What is not as it should be. */
  bad(text: string): void {
    this.say(this.#paint(YELLOW, text));
  }

  #paint([on, off]: Paint, text: string): string {
    return this.useColour ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  }
}
