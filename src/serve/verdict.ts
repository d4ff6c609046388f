// What is said to who has sent its token, as crossbar says it: byte for byte, because clients were written to that.

/** The answer to a first message. `token` is that message as it came; it goes back to its sender and to nobody else. */
export function verdictText(path: string, token: string, authorised: boolean, reason: string): string {
  // Go's encoder, which clients have heard so far, escapes these (encoding/json, HTMLEscape).
  return JSON.stringify({ topic: path, token, authorised, reason }).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What can be said in a close frame: 123 bytes at most (RFC 6455 §5.5); our words are ASCII. */
export function closeReason(words: string): string {
  return words.slice(0, 123);
}
