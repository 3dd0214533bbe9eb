-- Makes the caller the owner of a room if the room has the expected token, and returns the stored room.
-- keys  1 meta   2 journal (list)   3 snapshot   4 nodes (hash: node -> record)
-- args  1 new token   2 node   3 expected token, '' for none   4 floor: a term that the caller has seen
--       5 random, 0…1023   6 games that the caller runs, each between two blanks   7 terms kept
-- reply {'missing'} | {'game', game} | {'taken', node, token, term, seq}
--       {'ok', term, seq, terms, snapshot seq, snapshot, first seq of the journal, previous node, its record,
--        runs that hung since the last entry, one per line, previous term, entry, entry, …}
-- Terms stay strings: Lua numbers hold a term exactly, but converting one to a string loses its last digits.
local m = redis.call('HMGET', KEYS[1], 'tok', 'term', 'seq', 'node', 'game', 'terms', 'snap', 'first', 'blame')
if not m[3] then return {'missing'} end
if (m[1] or '') ~= ARGV[3] then return {'taken', m[4] or '', m[1] or '', m[2], m[3]} end
if not string.find(ARGV[6], ' ' .. m[5] .. ' ', 1, true) then return {'game', m[5]} end
local time = redis.call('TIME')
local ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local term = string.format('%.0f', math.max(tonumber(m[2]) + 1, tonumber(ARGV[4]) + 1, ms * 1024 + tonumber(ARGV[5])))
local first_seq = string.format('%.0f', tonumber(m[3]) + 1)
local terms = {}
for t in string.gmatch(m[6], '[^,]+') do terms[#terms + 1] = t end
-- A term without entries is removed from the history.
if #terms > 0 and string.sub(terms[#terms], -(#first_seq + 1)) == ':' .. first_seq then terms[#terms] = nil end
terms[#terms + 1] = term .. ':' .. first_seq
while #terms > tonumber(ARGV[7]) do table.remove(terms, 1) end
local listed = table.concat(terms, ',')
local record = m[4] and redis.call('HGET', KEYS[4], m[4])
local reply = {'ok', term, m[3], listed, m[7], redis.call('GET', KEYS[3]) or '', m[8], m[4] or '', record or '', (m[9] and string.match(m[9], '^' .. m[3] .. '\n(.*)$')) or '', m[2]}
for _, entry in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do reply[#reply + 1] = entry end
redis.call('HSET', KEYS[1], 'tok', ARGV[1], 'term', term, 'node', ARGV[2], 'terms', listed)
return reply
