-- Removes a room and everything by which it is found.
-- keys  1 meta   2 journal   3 snapshot   4 code   5 due   6 summaries   7 listed rooms   8 open rooms
--       9 quarantined
-- args  1 token   2 id
-- says  'ok' | 'fenced'
if redis.call('HGET', KEYS[1], 'tok') ~= ARGV[1] then return 'fenced' end
for k = 1, 4 do redis.call('DEL', KEYS[k]) end
for _, k in ipairs({6, 9}) do redis.call('HDEL', KEYS[k], ARGV[2]) end
for _, k in ipairs({5, 7, 8}) do redis.call('ZREM', KEYS[k], ARGV[2]) end
return 'ok'
