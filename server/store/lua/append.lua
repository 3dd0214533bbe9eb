-- Adds one entry to a room's journal, if the caller is its owner and knows its end. All checks first, then all writes.
-- keys  1 meta   2 journal   3 snapshot   4 due (sorted set: id -> ms)
--       5 summaries (hash: id -> json)   6 listed rooms   7 open rooms (sorted sets: id -> since)
--       8 quarantined (hash: id -> json)
-- args  1 token   2 seq   3 entry   4 id
--       5 due: '' as it is, '-' none, ms   6 summary: '' as it is, '-' none, json   7 since   8 open: '1' or '0'
--       9 life: '' as it is, ms   10 game@version: '' as it is   11 release: '1' or '0'
--       12 quarantined: '' as it is, '-' not, json
--       Where nothing of 4 to 12 is to be said, the keys 3 to 8 and these are left out.
--       then, as often as there is somebody to be told: the channel of a node, and the message to it
-- says  'ok' | 'fenced': the token is another's | 'seq': the entry is not the next one. Only after 'ok' anything was written.
local m = redis.call('HMGET', KEYS[1], 'tok', 'seq')
if m[1] ~= ARGV[1] then return 'fenced' end
if tonumber(m[2]) + 1 ~= tonumber(ARGV[2]) then return 'seq' end
local length = redis.call('RPUSH', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[1], 'seq', ARGV[2])
if length == 1 then
  -- a new journal key has no expiry yet
  local left = redis.call('PTTL', KEYS[1])
  if left > 0 then redis.call('PEXPIRE', KEYS[2], left) end
end
for i = #KEYS > 2 and 13 or 4, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end
if #KEYS == 2 then return 'ok' end
if ARGV[5] == '-' then redis.call('ZREM', KEYS[4], ARGV[4]) elseif ARGV[5] ~= '' then redis.call('ZADD', KEYS[4], ARGV[5], ARGV[4]) end
if ARGV[6] == '-' then
  redis.call('HDEL', KEYS[5], ARGV[4])
  for k = 6, 7 do redis.call('ZREM', KEYS[k], ARGV[4]) end
elseif ARGV[6] ~= '' then
  redis.call('HSET', KEYS[5], ARGV[4], ARGV[6])
  redis.call('ZADD', KEYS[6], ARGV[7], ARGV[4])
  if ARGV[8] == '1' then redis.call('ZADD', KEYS[7], ARGV[7], ARGV[4]) else redis.call('ZREM', KEYS[7], ARGV[4]) end
end
if ARGV[12] == '-' then redis.call('HDEL', KEYS[8], ARGV[4]) elseif ARGV[12] ~= '' then redis.call('HSET', KEYS[8], ARGV[4], ARGV[12]) end
if ARGV[9] ~= '' then for k = 1, 3 do redis.call('PEXPIRE', KEYS[k], ARGV[9]) end end
if ARGV[10] ~= '' then redis.call('HSET', KEYS[1], 'game', ARGV[10]) end
if ARGV[11] == '1' then redis.call('HDEL', KEYS[1], 'tok', 'node') end
return 'ok'
