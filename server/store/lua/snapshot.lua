-- Writes a newer snapshot and trims the journal entries more than `keep` behind it.
-- keys  1 meta   2 journal   3 snapshot   then the recording parts to append to, one key each
-- args  1 token   2 seq   3 snapshot   4 keep   then one part for each of those keys; they expire with the room
-- reply 'ok' | 'fenced' | 'old': not newer than the current snapshot, or beyond the journal's end
local m = redis.call('HMGET', KEYS[1], 'tok', 'seq', 'snap', 'first')
if m[1] ~= ARGV[1] then return 'fenced' end
local seq, first = tonumber(ARGV[2]), tonumber(m[4])
if seq <= tonumber(m[3]) or seq > tonumber(m[2]) then return 'old' end
redis.call('SET', KEYS[3], ARGV[3], 'KEEPTTL')
local drop = math.max(0, seq - tonumber(ARGV[4]) - (first - 1))
if drop > 0 then redis.call('LTRIM', KEYS[2], drop, -1) end
redis.call('HSET', KEYS[1], 'snap', ARGV[2], 'first', string.format('%.0f', first + drop))
local left = redis.call('PTTL', KEYS[1])
for k = 4, #KEYS do
  redis.call('RPUSH', KEYS[k], ARGV[k + 1])
  if left > 0 then redis.call('PEXPIRE', KEYS[k], left) end
end
return 'ok'
