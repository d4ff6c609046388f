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
