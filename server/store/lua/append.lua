-- Appends one entry to a room's journal if the caller owns the room and `seq` is the next one. All checks come before
-- all writes.
-- keys  1 meta   2 journal   3 snapshot   4 due (sorted set: id -> ms)   5 summaries   6 listed   7 offers   8 open   9 reviews
--       10 quarantined (hash: id -> json)   11 lives (sorted set: id -> ms)   12 code   13 pieces of the recording of this match
--       14 occupied   15 terms   16 indexed (see index.lua)
--       (5 to 9: see index.lua)
-- args  1 token   2 seq   3 entry   4 id
--       5 due: '' as it is, '-' none, ms   6 summary: '' as it is, '-' none, json   7 offer: '' as it is, '-' none, json
--       8 life: '' as it is, ms, and then the keys 12 and 13 are the room's   9 game@version: '' as it is   10 release: '1' or '0'
--       11 quarantined: '' as it is, '-' not, json   12 occupied: '' as it is, '-' not, '1'
--       13 index: '' as it is, '-' none, json
--       If none of the arguments 4 to 13 is used, they and the keys 3 to 16 are omitted.
--       then any number of pairs: the channel of a node, and the message to publish there
-- reply 'ok' | 'fenced': the room has another token | 'seq': the entry is not the next one. Nothing is written unless the reply is 'ok'.
-- with index.lua
local m = redis.call('HMGET', KEYS[1], 'tok', 'seq')
if m[1] ~= ARGV[1] then return 'fenced' end
if tonumber(m[2]) + 1 ~= tonumber(ARGV[2]) then return 'seq' end
if #KEYS > 2 then
  -- Arguments that the commands below would reject are rejected before anything is written.
  if not (ARGV[5] == '' or ARGV[5] == '-' or tonumber(ARGV[5])) then return redis.error_reply('due: ' .. ARGV[5]) end
  if not (ARGV[8] == '' or string.match(ARGV[8], '^[1-9]%d*$')) then return redis.error_reply('life: ' .. ARGV[8]) end
end
local length = redis.call('RPUSH', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[1], 'seq', ARGV[2])
if length == 1 then
  -- A new journal key has no expiry yet.
  local left = redis.call('PTTL', KEYS[1])
  if left > 0 then redis.call('PEXPIRE', KEYS[2], left) end
end
for i = #KEYS > 2 and 14 or 4, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end
if #KEYS == 2 then return 'ok' end
local k, id = {summaries = KEYS[5], listed = KEYS[6], offers = KEYS[7], open = KEYS[8], reviews = KEYS[9], terms = KEYS[15], indexed = KEYS[16]}, ARGV[4]
if ARGV[5] == '-' then redis.call('ZREM', KEYS[4], id) elseif ARGV[5] ~= '' then redis.call('ZADD', KEYS[4], ARGV[5], id) end
if ARGV[6] == '-' then unlist_room(k, id) elseif ARGV[6] ~= '' then list_room(k, id, ARGV[6]) end
if ARGV[7] == '-' then
  drop_offer(k, id)
elseif ARGV[7] ~= '' then
  local offer, before = cjson.decode(ARGV[7]), drop_offer(k, id)
  offer.held, offer.out = before and before.held or {}, before and before.out or 0
  for _, player in ipairs(offer.players) do offer.held[player] = nil end
  save_offer(k, id, offer, now_ms())
end
if ARGV[11] == '-' then redis.call('HDEL', KEYS[10], id) elseif ARGV[11] ~= '' then redis.call('HSET', KEYS[10], id, ARGV[11]) end
if ARGV[12] == '-' then redis.call('ZREM', KEYS[14], id) elseif ARGV[12] ~= '' then redis.call('ZADD', KEYS[14], 0, id) end
if ARGV[13] ~= '' then index_room(k, id, ARGV[13] ~= '-' and ARGV[13] or nil) end
if ARGV[8] ~= '' then renew_room({KEYS[1], KEYS[2], KEYS[3], KEYS[13]}, KEYS[12], KEYS[11], id, ARGV[8]) end
if ARGV[9] ~= '' then redis.call('HSET', KEYS[1], 'game', ARGV[9]) end
if ARGV[10] == '1' then redis.call('HDEL', KEYS[1], 'tok', 'node') end
return 'ok'
