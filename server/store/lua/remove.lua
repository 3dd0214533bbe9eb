-- Removes a room and its index entries.
-- keys  1 meta   2 journal   3 snapshot   4 code   5 due   6 summaries   7 listed   8 offers   9 open   10 reviews
--       11 quarantined   12 lives   13 occupied   14 makers   15 made   16 terms   17 indexed
-- args  1 token   2 id
-- reply 'ok' | 'fenced'
-- with index.lua
if redis.call('HGET', KEYS[1], 'tok') ~= ARGV[1] then return 'fenced' end
for i = 1, 3 do redis.call('DEL', KEYS[i]) end
-- A code that expired before its room may belong to another room by now.
if redis.call('GET', KEYS[4]) == ARGV[2] then redis.call('DEL', KEYS[4]) end
forget_room({due = KEYS[5], summaries = KEYS[6], listed = KEYS[7], offers = KEYS[8], open = KEYS[9], reviews = KEYS[10], quarantined = KEYS[11], lives = KEYS[12], occupied = KEYS[13], makers = KEYS[14], made = KEYS[15], terms = KEYS[16], indexed = KEYS[17]}, ARGV[2])
return 'ok'
