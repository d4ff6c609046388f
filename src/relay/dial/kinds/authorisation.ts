// The reply to a token that is sent as first message, as crossbar and vw serve send it. Pure.

/** An endpoint's reply to a token. */
export interface AuthorisationReply {
  readonly isAuthorised: boolean;
  /** Never empty. */
  readonly reason: string;
}

/** Reads `{"authorised": bool, "reason"}`; `null` if the message is something else. */
export function readAuthorisation(text: string): AuthorisationReply | null {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof answer !== 'object' || answer === null) return null;
  const { authorised, reason } = answer as { authorised?: unknown; reason?: unknown };
  if (typeof authorised !== 'boolean') return null;
  const given = typeof reason === 'string' ? reason : '';
  return { isAuthorised: authorised, reason: given || 'it gives no reason' };
}
