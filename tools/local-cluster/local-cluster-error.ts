import { RejoinError } from '../../shared/errors.ts';

/** Why a command was refused; nothing has changed. */
export type LocalClusterErrorCode =
  | 'no-such-node'
  | 'not-running'
  | 'already-running'
  | 'busy'
  | 'too-many-nodes'
  | 'bad-request';

/** A regular refusal, whose message can be shown to the user. */
export class LocalClusterError extends RejoinError {
  override readonly name = 'LocalClusterError';

  constructor(
    readonly code: LocalClusterErrorCode,
    message: string,
  ) {
    super(message);
  }
}
