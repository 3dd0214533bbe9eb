-- Releases a room: the next claim expects no token. Optionally quarantines it.
-- keys  1 meta   2 quarantined (hash: id -> json)   3 due (sorted set: id -> ms)   4 offers   5 open   6 reviews (see index.lua)
-- args  1 token   2 id   3 reason and time of the quarantine: '' none, json   4 not due before, ms
-- reply 'ok' | 'fenced'
-- with index.lua
if redis.call('HGET', KEYS[1], 'tok') ~= ARGV[1] then return 'fenced' end
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[3], 'XX', 'GT', ARGV[4], ARGV[2])
  redis.call('HSETNX', KEYS[2], ARGV[2], ARGV[3])
  drop_offer({offers = KEYS[4], open = KEYS[5], reviews = KEYS[6]}, ARGV[2])
end
redis.call('HDEL', KEYS[1], 'tok', 'node')
return 'ok'
