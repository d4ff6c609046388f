// The demo's terminal output: short lines, with optional colour.

import { type Painter, painter } from '../paint.js';

/** Prints the demo's output. */
export class DemoOutput {
  readonly #paint: Painter;

  constructor(
    private readonly write: (text: string) => void,
    colours: 'coloured' | 'plain',
  ) {
    this.#paint = painter(colours);
  }

  /** Prints a line; empty: a blank one. */
  line(line = ''): void {
    this.write(`${line}\n`);
  }

  /** Prints a heading. */
  heading(line: string): void {
    this.line(this.#paint(line, 'head'));
  }

  /** Prints a command that can be copied. */
  command(lines: readonly string[]): void {
    for (const line of lines) this.line(this.#paint(line, 'technical'));
  }

  /** Prints a name and its value in two columns. */
  row(what: string, value: string, more = ''): void {
    const gap = more === '' ? '' : `  ${this.#paint(more, 'quiet')}`;
    this.line(`  ${what.padEnd(15)} ${this.#paint(value, 'head')}${gap}`);
  }

  /** Prints an answer behind a #, like a shell comment, so that it may be copied along. */
  comment(text: string): void {
    this.line(this.#paint(`# ${text}`, 'quiet'));
  }

  /** Prints what can be seen or heard now. */
  success(text: string): void {
    this.line(this.#paint(text, 'good'));
  }

  /** Prints a problem. */
  failure(text: string): void {
    this.line(this.#paint(text, 'notice'));
  }
}
