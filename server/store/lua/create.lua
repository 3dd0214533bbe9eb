-- Creates a room without an owner.
-- keys  1 meta (hash)   2 snapshot (string)   3 code (string: the room's id)   4 lives (sorted set: id -> ms)   5 makers   6 made   7 terms   8 indexed (see index.lua)
-- args  1 id   2 code   3 game@version   4 snapshot   5 life, ms   6 makers, json   7 index: '' none, json
-- reply 'ok' | 'exists': the id or the code is taken | {'quota', maker}: this maker has as many rooms as it may have. Nothing is written unless the reply is 'ok'.
-- with index.lua
local room = {id = ARGV[1], code = ARGV[2], game = ARGV[3], snapshot = ARGV[4], life = ARGV[5], makers = ARGV[6], index = ARGV[7]}
local how, maker = make_room(room, KEYS[1], KEYS[2], KEYS[3], {lives = KEYS[4], makers = KEYS[5], made = KEYS[6], terms = KEYS[7], indexed = KEYS[8]})
if how == 'quota' then return {how, maker} end
return how == 'made' and 'ok' or 'exists'
