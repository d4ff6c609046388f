// Tables that fit a terminal: names are shortened first, and columns that do not fit are printed below their row.
// Pure: no I/O.

import type { Painter, Tone } from '../../paint.js';
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
  const fields = columns.map((column, index): Field => {
    return {
      ...column,
      index,
      size: Math.max(column.title.length, ...rows.map((row) => cellIn(row, index).text.length)),
    };
  });
  const shown = fields.slice(0, countShown(fields, width));
  fit(shown, width);
  const lineOf = (cellOf: (field: Field) => Cell) => {
    const texts = shown.map((field) => {
      const { text: full, tone = 'plain' } = cellOf(field);
      const text = shorten(full, field.size);
      const space = ' '.repeat(field.size - text.length);
      const painted = paint(text, tone);
      if (field.align === 'right') return space + painted;
      return field === shown.at(-1) ? painted : painted + space;
    });
    return texts.join(GAP).trimEnd();
  };
  const lines = [lineOf(({ title }) => ({ text: title, tone: 'head' }))];
  for (const row of rows) {
    lines.push(lineOf(({ index }) => cellIn(row, index)));
    const below = fields.slice(shown.length).flatMap(({ index, belowLabel: message }): Cell[] => {
      const { text } = cellIn(row, index);
      if (text === '' || text === '-') return [];
      return [{ text: message === undefined ? text : `${message} ${text}`.trim(), tone: 'quiet' }];
    });
    for (const { text, tone } of [...below, ...row.notes]) {
      for (const line of wrap(text, width, INDENT, HANGING))
        lines.push(INDENT + paint(line.slice(INDENT.length), tone ?? 'plain'));
    }
  }
  return lines;
}

/** A column of the table that is printed: which of its cells, and how wide. */
interface Field extends Column {
  readonly index: number;
  size: number;
}

function cellIn({ cells }: Row, index: number): Cell {
  const cell = cells[index] ?? '';
  return typeof cell === 'string' ? { text: cell } : cell;
}

/** How many columns fit if names are as short as possible. */
function countShown(fields: readonly Field[], width: number): number {
  let shown = fields.length;
  const least = () =>
    fields.slice(0, shown).reduce((sum, { minWidth, size }) => sum + Math.min(size, minWidth ?? Infinity), 0) +
    GAP.length * (shown - 1);
  while (shown > 1 && fields[shown - 1]?.belowLabel !== undefined && least() > width) shown--;
  return shown;
}

/** Sets the widths of columns: the longest that may be shortened is shortened first. */
function fit(fields: readonly Field[], width: number): void {
  const over = () => fields.reduce((sum, { size }) => sum + size, 0) + GAP.length * (fields.length - 1) - width;
  while (over() > 0) {
    let longest: Field | null = null;
    for (const field of fields) {
      if (field.size > (field.minWidth ?? Infinity) && field.size > (longest?.size ?? 0)) longest = field;
    }
    if (longest === null) break; // no column can be shortened further: the terminal wraps the lines
    longest.size--;
  }
}
