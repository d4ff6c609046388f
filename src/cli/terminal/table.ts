// Tables that fit a terminal: names are shortened first, and columns that do not fit are printed below their row.
// Pure: no I/O.

import type { Painter, Tone } from './colour.js';
import { shorten, wrap } from './text.js';

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** The width to which it may be shortened, in the middle. */
  readonly minWidth?: number;
  /** The label of the column below the row, if it does not fit. Only for the last columns of a table. */
  readonly belowLabel?: string;
}

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

export interface Row {
  /** A cell for each column; a string is a cell with plain text. */
  readonly cells: readonly (Cell | string)[];
  /** Notes below the row, each on lines of its own. */
  readonly notes: readonly Cell[];
}

const GAP = '  ';
const INDENT = '    ';
const HANGING = `${INDENT}  `;

/** The lines of a table in `width` columns (Infinity: its natural width). */
export function tableLines(columns: readonly Column[], rows: readonly Row[], width: number, paint: Painter): string[] {
  const cells = rows.map((row) => row.cells.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)));
  const natural = columns.map(({ title }, i) => Math.max(title.length, ...cells.map((row) => row[i]!.text.length)));
  const shown = countShown(columns, natural, width);
  const widths = fit(columns.slice(0, shown), natural, width);
  const lineOf = (row: readonly Cell[]) => {
    const texts = widths.map((size, i) => {
      const text = shorten(row[i]!.text, size);
      const isLast = i === widths.length - 1;
      const space = ' '.repeat(size - text.length);
      const painted = paint(text, row[i]!.tone ?? 'plain');
      if (columns[i]!.align === 'right') return space + painted;
      return isLast ? painted : painted + space;
    });
    return texts.join(GAP).trimEnd();
  };
  const lines = [lineOf(columns.map(({ title }) => ({ text: title, tone: 'head' as const })))];
  rows.forEach(({ notes }, at) => {
    const row = cells[at]!;
    lines.push(lineOf(row));
    const below = columns.flatMap(({ belowLabel: message }, i) => {
      const { text } = row[i]!;
      return i < shown || text === '' || text === '-'
        ? []
        : [message === undefined ? text : `${message} ${text}`.trim()];
    });
    const quiet = below.map((text): Cell => ({ text, tone: 'quiet' }));
    for (const { text, tone } of [...quiet, ...notes]) {
      for (const line of wrap(text, width, INDENT, HANGING))
        lines.push(INDENT + paint(line.slice(INDENT.length), tone ?? 'plain'));
    }
  });
  return lines;
}

/** How many columns fit if names are as short as possible. */
function countShown(columns: readonly Column[], natural: readonly number[], width: number): number {
  let shown = columns.length;
  const least = () =>
    columns.slice(0, shown).reduce((sum, { minWidth: size }, i) => sum + Math.min(natural[i]!, size ?? Infinity), 0) +
    GAP.length * (shown - 1);
  while (shown > 1 && columns[shown - 1]!.belowLabel !== undefined && least() > width) shown--;
  return shown;
}

/** Widths of columns: the longest that may be shortened is shortened first. */
function fit(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = columns.map((_, i) => natural[i]!);
  const over = () => widths.reduce((sum, size) => sum + size, 0) + GAP.length * (widths.length - 1) - width;
  while (over() > 0) {
    const spare = columns.map(({ minWidth }, i) => (minWidth === undefined || widths[i]! <= minWidth ? 0 : widths[i]!));
    const longest = spare.indexOf(Math.max(...spare));
    if (spare[longest] === 0) break; // no column can be shortened further: the terminal wraps the lines
    widths[longest]!--;
  }
  return widths;
}
