import { RejoinError } from '../../shared/errors.ts';

/** Why the launcher does not do what it was asked to; nothing has changed. */
export type LocalClusterErrorCode =
  | 'no-such-node'
  | 'not-running'
  | 'already-running'
  | 'busy'
  | 'too-many-nodes'
  | 'bad-request';

/** An answer, not an accident: a caller may show it to a person as it is. */
export class LocalClusterError extends RejoinError {
  override readonly name = 'LocalClusterError';

  constructor(
    readonly code: LocalClusterErrorCode,
    message: string,
  ) {
    super(message);
  }
}
