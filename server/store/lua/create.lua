-- Makes a room that nobody owns.
-- keys  1 meta (hash)   2 snapshot (string)   3 code (string: the room's id)   4 lives (sorted set: id -> ms)
-- args  1 id   2 code   3 game@version   4 snapshot   5 life, ms
-- says  'ok' | 'exists': the id or the code is taken, nothing was written
-- with index.lua
local room = {id = ARGV[1], code = ARGV[2], game = ARGV[3], snapshot = ARGV[4], life = ARGV[5]}
return make_room(room, KEYS[1], KEYS[2], KEYS[3], KEYS[4]) and 'ok' or 'exists'
