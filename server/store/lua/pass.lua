-- Passes a room to another node at its owner's request.
-- keys  1 meta
-- args  1 token   2 last seq   3 token of the new owner   4 its node
--       5 random, 0…1023   6 games it runs, each between two blanks   7 terms kept
-- reply {'fenced'}: the room has another token | {'seq'}: 2 is not the last entry | {'game'}: the new owner does not run the game
--       {'ok', term, terms, snapshot seq}
-- Terms are computed and represented as in claim.lua.
local m = redis.call('HMGET', KEYS[1], 'tok', 'term', 'seq', 'game', 'terms', 'snap')
if m[1] ~= ARGV[1] then return {'fenced'} end
if m[3] ~= ARGV[2] then return {'seq'} end
if not string.find(ARGV[6], ' ' .. m[4] .. ' ', 1, true) then return {'game'} end
local time = redis.call('TIME')
local ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local term = string.format('%.0f', math.max(tonumber(m[2]) + 1, ms * 1024 + tonumber(ARGV[5])))
local first_seq = string.format('%.0f', tonumber(m[3]) + 1)
local terms = {}
for t in string.gmatch(m[5], '[^,]+') do terms[#terms + 1] = t end
-- A term without entries is removed from the history.
if #terms > 0 and string.sub(terms[#terms], -(#first_seq + 1)) == ':' .. first_seq then terms[#terms] = nil end
terms[#terms + 1] = term .. ':' .. first_seq
while #terms > tonumber(ARGV[7]) do table.remove(terms, 1) end
local listed = table.concat(terms, ',')
redis.call('HSET', KEYS[1], 'tok', ARGV[3], 'term', term, 'node', ARGV[4], 'terms', listed)
return {'ok', term, listed, m[6]}
