// JSON as it is answered: with a line's end, so that a terminal's prompt stands on a line of its own.

/** `value` as JSON text. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
