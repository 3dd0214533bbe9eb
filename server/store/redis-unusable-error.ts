import { RejoinError } from '../../shared/errors.ts';

/** Redis cannot be used as it is, or not be reached; the message says what to change. */
export class RedisUnusableError extends RejoinError {
  override readonly name = 'RedisUnusableError';
  override readonly code = 'redis-unusable';
}
