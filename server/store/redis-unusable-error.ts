/** Redis cannot be used as it is, or not be reached; the message says what to change. */
export class RedisUnusableError extends Error {
  override readonly name = 'RedisUnusableError';
}
