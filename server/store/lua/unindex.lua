-- Removes the index record of a room that does not exist: a node of an older build has removed it.
-- keys  1 meta   2 terms   3 indexed (see index.lua)
-- args  1 id
-- reply 'ok' | 'kept': the room exists
-- with index.lua
if redis.call('EXISTS', KEYS[1]) == 1 then return 'kept' end
index_room({terms = KEYS[2], indexed = KEYS[3]}, ARGV[1], nil)
return 'ok'
