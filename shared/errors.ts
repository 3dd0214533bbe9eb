/** Base class of the errors that Rejoin throws. `code` is stable: branch on it, not on `message`. */
export abstract class RejoinError extends Error {
  /** Lower case with dashes, as `'redis-unusable'`. */
  abstract readonly code: string;
}

/** A refusal, thrown as an error: `code` and `detail` are those of the refusal. */
export abstract class RefusalError<Code extends string = string> extends RejoinError {
  constructor(
    readonly code: Code,
    readonly detail?: string,
  ) {
    super(detail ? `${code}: ${detail}` : code);
  }
}
