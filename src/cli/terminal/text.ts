// Text for a terminal: sanitised, shortened and wrapped.
// Pure: no clock, no I/O.

/** The no-break space, U+00A0. */
const NO_BREAK = '\u00a0';

/** `text` without break opportunities for {@link wrap}. */
export function unbroken(text: string): string {
  return text.replaceAll(' ', NO_BREAK);
}

/**
 * Untrusted text made safe for a terminal: one line, without anything that a terminal acts on or that hides or reorders
 * other text (control, format and unassigned characters, line separators).
 */
export function clean(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}

/** `text` in at most `width` characters, shortened in the middle: names differ at their ends. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  if (width <= 1) return '…'.slice(0, Math.max(width, 0));
  const head = Math.ceil((width - 1) / 2);
  const tail = width - 1 - head;
  return `${text.slice(0, head)}…${tail === 0 ? '' : text.slice(-tail)}`;
}

/**
 * `text` wrapped at `width` characters, with `indent` before the first line and `hanging` before the others. Words
 * longer
 * than a line are broken; words joined by a no-break space are not.
 */
export function wrap(text: string, width: number, indent = '', hanging = indent): string[] {
  const lines: string[] = [];
  const room = () => Math.max(width - (lines.length === 0 ? indent : hanging).length, 10);
  let line = '';
  for (let word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room()) {
      lines.push(line);
      line = '';
    }
    while (word.length > room()) {
      const size = room();
      lines.push(word.slice(0, size));
      word = word.slice(size);
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map((one, i) => ((i === 0 ? indent : hanging) + one).replaceAll(NO_BREAK, ' '));
}

/** `1 rule`, `2 rules`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Natural order of names: `video2` before `video10`. */
export function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
