// The demo's terminal output: short lines, with optional colour.

const BOLD = [1, 22] as const;
const DIM = [90, 39] as const;
const GREEN = [32, 39] as const;
const CYAN = [36, 39] as const;
const YELLOW = [33, 39] as const;
type Paint = readonly [on: number, off: number];

/** Prints the demo's output. */
export class DemoOutput {
  constructor(
    private readonly write: (text: string) => void,
    private readonly colours: 'coloured' | 'plain',
  ) {}

  /** Prints a line; empty: a blank one. */
  line(line = ''): void {
    this.write(`${line}\n`);
  }

  /** Prints a heading. */
  heading(line: string): void {
    this.line(this.#paint(BOLD, line));
  }

  /** Prints a command that can be copied. */
  command(lines: readonly string[]): void {
    for (const line of lines) this.line(this.#paint(CYAN, line));
  }

  /** Prints a name and its value in two columns. */
  row(what: string, value: string, more = ''): void {
    const gap = more === '' ? '' : `  ${this.#paint(DIM, more)}`;
    this.line(`  ${what.padEnd(15)} ${this.#paint(BOLD, value)}${gap}`);
  }

  /** Prints an answer behind a #, like a shell comment, so that it may be copied along. */
  comment(text: string): void {
    this.line(this.#paint(DIM, `# ${text}`));
  }

  /** Prints what can be seen or heard now. */
  success(text: string): void {
    this.line(this.#paint(GREEN, text));
  }

  /** Prints a problem. */
  failure(text: string): void {
    this.line(this.#paint(YELLOW, text));
  }

  #paint([on, off]: Paint, text: string): string {
    return this.colours === 'coloured' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  }
}
