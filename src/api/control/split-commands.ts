// Splits JSON values that arrived as one message: a relay in between may join queued messages (crossbar does).
// RFC 8259 §2, §7: only the brackets outside strings count.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The objects in `text`, each as its own text. Anything else stays in one piece, for the parser to refuse; so does what
 * follows the first `most` objects.
 */
export function splitJsonObjects(text: string, most = Infinity): string[] {
  const pieces: string[] = [];
  let start = 0;
  let depth = 0;
  let isString = false;
  for (let at = 0; at < text.length && pieces.length < most; at++) {
    const code = text.charCodeAt(at);
    if (isString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) isString = false;
    } else if (code === QUOTE) {
      isString = true;
    } else if (code === 0x7b || code === 0x5b) {
      depth++; // { [
    } else if (code === 0x7d || code === 0x5d) {
      depth--; // } ]
      if (depth > 0) continue;
      pieces.push(text.slice(start, at + 1));
      start = at + 1;
      depth = 0;
    }
  }
  const rest = text.slice(start);
  if (pieces.length === 0 || rest.trim() !== '') pieces.push(rest);
  return pieces.map((piece) => piece.trim());
}
