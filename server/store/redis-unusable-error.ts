/** Redis cannot be reached, or its configuration is unfit; the message says what to change. */
export class RedisUnusableError extends Error {
  override readonly name = 'RedisUnusableError';
}
