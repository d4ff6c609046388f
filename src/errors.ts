// Errors that reach a person, in words. What may be thrown where is said by the class; see also RuleError.

/** Something asked for by name that is not there. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
  readonly code = 'ERR_NOT_FOUND';
}

/** Something that cannot be taken now, because of what is there already. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** A limit of ours is reached; trying later may help. */
export class LimitError extends Error {
  override readonly name = 'LimitError';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens there',
  ECONNRESET: 'the far end broke the connection off',
  EPIPE: 'the far end broke the connection off',
  ENOTFOUND: 'its name cannot be resolved',
  EAI_AGAIN: 'its name cannot be resolved now (no name server answers)',
  ETIMEDOUT: 'no answer from its address',
  EHOSTUNREACH: 'its address cannot be reached',
  ENETUNREACH: 'its network cannot be reached',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted (self-signed); VW_CA names a file of extra authorities',
  SELF_SIGNED_CERT_IN_CHAIN:
    'its certificate is not trusted (unknown authority); VW_CA names a file of extra authorities',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is not trusted (unknown authority); VW_CA names a file of extra authorities',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is not trusted (unknown authority); VW_CA names a file of extra authorities',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  EPROTO: 'it does not speak TLS there',
};

/** What went wrong with a connection, in words; the error's own where there are no better ones. */
export function inWords(error: Error & { code?: string }): string {
  const words = WORDS[error.code ?? ''];
  if (words !== undefined) return words;
  const status = /^Unexpected server response: (\d{3})$/.exec(error.message);
  if (status) return `it answered HTTP ${status[1]!}, not a WebSocket${status[1] === '404' ? ' (wrong path?)' : ''}`;
  return error.message || (error.code ?? error.name);
}
