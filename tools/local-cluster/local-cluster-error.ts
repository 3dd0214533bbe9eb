/** Why a command was refused; nothing has changed. */
export type LocalClusterErrorCode =
  | 'no-such-node'
  | 'not-running'
  | 'already-running'
  | 'busy'
  | 'too-many-nodes'
  | 'bad-request';

/** A regular refusal, whose message can be shown to the user. */
export class LocalClusterError extends Error {
  readonly code: LocalClusterErrorCode;

  constructor(code: LocalClusterErrorCode, message: string) {
    super(message);
    this.name = 'LocalClusterError';
    this.code = code;
  }
}
