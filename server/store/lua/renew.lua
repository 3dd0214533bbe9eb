-- Extends the life of a room if the caller owns it.
-- keys  1 meta   2 journal   3 snapshot   4 code   5 pieces of a recording   6 lives (sorted set: id -> ms)
-- args  1 token   2 life, ms   3 id
-- reply 'ok' | 'fenced'
-- with index.lua
if redis.call('HGET', KEYS[1], 'tok') ~= ARGV[1] then return 'fenced' end
renew_room({KEYS[1], KEYS[2], KEYS[3], KEYS[5]}, KEYS[4], KEYS[6], ARGV[3], ARGV[2])
return 'ok'
