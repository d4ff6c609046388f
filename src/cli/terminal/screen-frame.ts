// Pages that are redrawn in place on a terminal: the alternate screen, each line over the old one. ECMA-48. Pure.

import type { Page } from '../status/status-page.js';
import { plural } from './text.js';

const ESC = '\u001b[';

/** Switches to the alternate screen, hides the cursor, and truncates long lines at the edge (DECAWM off). */
export const ENTER_SCREEN = `${ESC}?1049h${ESC}?25l${ESC}?7l`;
/** Restores the screen and the cursor. */
export const LEAVE_SCREEN = `${ESC}?7h${ESC}?25h${ESC}?1049l`;

/** Text that draws `lines` over the current content without flicker. */
export function frameText(lines: readonly string[]): string {
  // Cleared before it is written: after a line that fills the row the cursor is on its last character. Each line
  // clears its row (EL), the last one the rest of the screen, too (ED).
  const last = lines.length - 1;
  return `${ESC}H${lines.map((line, i) => `${ESC}${i === last ? 'J' : 'K'}${line}`).join('\r\n')}`;
}

/** The lines of a page in `rows` rows: the tables are truncated first, with a note. */
export function fitPage({ head, tables, tail }: Page, rows: number): string[] {
  const room = rows - head.length - tail.length - 2; // an empty line on both sides
  if (tables.length <= room) return [...head, '', ...tables, '', ...tail];
  const shown = Math.max(room - 1, 0);
  const cut = `… ${plural(tables.length - shown, 'more line')} (vw status without --watch shows all)`;
  const lines = [...head, '', ...tables.slice(0, shown), cut, '', ...tail];
  return lines.slice(0, Math.max(rows, 1));
}
