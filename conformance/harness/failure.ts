import { RejoinError } from '../../shared/errors.ts';

/** The client under test broke a rule. The message says what it did, and what to do instead. */
export class ConformanceError extends RejoinError {
  override readonly name = 'ConformanceError';
  override readonly code = 'not-conformant';
}

/** The adapter process failed, so the client cannot be judged. */
export class AdapterError extends RejoinError {
  override readonly name = 'AdapterError';
  override readonly code = 'adapter-failed';
}

/** The adapter did not answer a command in time. */
export class AdapterTimeoutError extends RejoinError {
  override readonly name = 'AdapterTimeoutError';
  override readonly code = 'adapter-timeout';
}
