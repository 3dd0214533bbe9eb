import { RefusalError } from '../shared/errors.ts';
import { explainRefusal, remedyOf, type Remedy } from './status.ts';

/** A room could not be created, found or entered. `code` is the refusal code. */
export class RoomError extends RefusalError {
  override readonly name = 'RoomError';
  /** The reason, in English. */
  readonly why: string;
  /** What the user can do. */
  readonly now: Remedy;

  constructor(code: string, detail?: string) {
    super(code, detail);
    this.why = explainRefusal({ ok: false, code, ...(detail === undefined ? {} : { detail }) });
    this.now = remedyOf(code, detail);
  }
}
