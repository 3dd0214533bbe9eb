-- Gives a room up: the next claim expects nobody's token.
-- keys  1 meta
-- args  1 token
-- says  'ok' | 'fenced'
if redis.call('HGET', KEYS[1], 'tok') ~= ARGV[1] then return 'fenced' end
redis.call('HDEL', KEYS[1], 'tok', 'node')
return 'ok'
