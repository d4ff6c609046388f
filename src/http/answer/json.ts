// JSON for answers: with a newline at the end, so that the shell's prompt starts on a line of its own.

/** `value` as JSON text. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
