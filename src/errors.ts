// Errors whose message reaches a person. The class decides how they are handled.

/** Something was requested by a name that does not exist. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
  readonly code = 'ERR_NOT_FOUND';
}

/** A request conflicts with the current state. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** A limit is reached; a later attempt may succeed. */
export class LimitError extends Error {
  override readonly name = 'LimitError';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** A change that cannot be saved, and is therefore not made. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** A rule that is refused. `message` says what was wrong, where, and what is accepted. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
