// The reply to a token, byte for byte as crossbar sends it, because clients depend on that.

/** What is decided of a token. */
export interface Verdict {
  readonly authorised: boolean;
  readonly reason: string;
}

/** The token is accepted. */
export const ACCEPTED: Verdict = { authorised: true, reason: 'ok' };

/** The reply to a first message. `token` is that message unchanged; it is sent back to its sender only. */
export function authorisationText(path: string, token: string, { authorised, reason }: Verdict): string {
  // Go's encoder, which crossbar uses, escapes these (encoding/json, HTMLEscape).
  return JSON.stringify({ topic: path, token, authorised, reason }).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The reason for a close frame: 123 bytes at most (RFC 6455 §5.5.1); ours are ASCII. */
export function closeReason(message: string): string {
  return message.slice(0, 123);
}
