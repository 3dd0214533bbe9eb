import { RejoinError } from '../../shared/errors.ts';

/** Redis cannot be reached, or its configuration is unfit; the message says what to change. */
export class RedisUnusableError extends RejoinError {
  override readonly name = 'RedisUnusableError';
  override readonly code = 'redis-unusable';

  constructor(
    message: string,
    /** `unreachable`: a later attempt may succeed. `unfit`: its configuration, or that of the node, has to change. */
    readonly reason: 'unreachable' | 'unfit',
  ) {
    super(message);
  }
}
