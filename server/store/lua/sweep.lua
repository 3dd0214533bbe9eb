-- Removes the index entries of expired rooms. Redis has expired their keys already.
-- keys  1 lives (sorted set: id -> ms)   2 summaries   3 listed   4 offers   5 open   6 reviews   7 due   8 quarantined   9 occupied   10 makers   11 made   12 terms   13 indexed
-- args  1 maximum number of rooms
-- reply the number of rooms removed
-- with index.lua
local k = {lives = KEYS[1], summaries = KEYS[2], listed = KEYS[3], offers = KEYS[4], open = KEYS[5], reviews = KEYS[6], due = KEYS[7], quarantined = KEYS[8], occupied = KEYS[9], makers = KEYS[10], made = KEYS[11], terms = KEYS[12], indexed = KEYS[13]}
local gone = redis.call('ZRANGE', k.lives, '-inf', now_ms() - 1, 'BYSCORE', 'LIMIT', 0, ARGV[1])
for _, id in ipairs(gone) do forget_room(k, id) end
return #gone
