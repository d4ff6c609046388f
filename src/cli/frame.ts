// Pages on a terminal that redraws in place: the alternate screen, each line over the one before. ECMA-48. Pure.

import type { Page } from './status-page.js';
import { plural } from './text.js';

const ESC = '\u001b[';

/** Takes the alternate screen, hides the cursor, and lets lines that are too long end at the edge (DECAWM). */
export const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l`;
/** Gives the screen and the cursor back. */
export const LEAVE = `${ESC}?7h${ESC}?25h${ESC}?1049l`;

/** What draws `lines` over what is there, without a moment of emptiness. */
export function frameText(lines: readonly string[]): string {
  // Cleared before it is written: behind a line that fills the row the cursor stands on its last character. Each line
  // clears its row (EL), the last one the rest of the screen, too (ED).
  const last = lines.length - 1;
  return `${ESC}H${lines.map((line, i) => `${ESC}${i === last ? 'J' : 'K'}${line}`).join('\r\n')}`;
}

/** The lines of a page that has `rows` lines: the tables are cut first, and that is said. */
export function fitPage({ head, tables, tail }: Page, rows: number): string[] {
  const room = rows - head.length - tail.length - 2; // an empty line on both sides
  if (tables.length <= room) return [...head, '', ...tables, '', ...tail];
  const shown = Math.max(room - 1, 0);
  const cut = `… ${plural(tables.length - shown, 'more line')} (vw status without --watch shows all)`;
  const lines = [...head, '', ...tables.slice(0, shown), cut, '', ...tail];
  return lines.slice(0, Math.max(rows, 1));
}
