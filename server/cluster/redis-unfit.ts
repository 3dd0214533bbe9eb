/** Redis cannot be used as it is, or not be reached; the message says what to change. */
export class RedisUnfit extends Error { override readonly name = 'RedisUnfit'; }
