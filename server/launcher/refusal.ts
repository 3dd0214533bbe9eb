/** Why the launcher does not do what it was asked to; nothing has changed. */
export type RefusalCode = 'no-such-node' | 'not-running' | 'already-running' | 'busy' | 'too-many-nodes' | 'bad-request';

/** An answer, not an accident: a caller may show it to a person as it is. */
export class LauncherRefusal extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = 'LauncherRefusal';
    this.code = code;
  }
}
