-- Writes down, or takes back, that a run of a rule hangs. The next entry makes all of that void, by its seq.
-- keys  1 meta; its field 'blame' is a seq, then the runs that hung after that entry, one a line
-- args  1 token   2 seq   3 the run's id   4 the run, as json: '' takes it back
-- says  'ok' | 'fenced': the token is another's | 'seq': an entry was written since
local m = redis.call('HMGET', KEYS[1], 'tok', 'seq', 'blame')
if m[1] ~= ARGV[1] then return 'fenced' end
if m[2] ~= ARGV[2] then return 'seq' end
local lines, fresh = {}, nil
for line in string.gmatch(m[3] or '', '[^\n]+') do
  if fresh == nil then
    fresh = line == m[2]
  elseif fresh and not string.find(line, '"id":"' .. ARGV[3] .. '"', 1, true) then
    lines[#lines + 1] = line
  end
end
if ARGV[4] ~= '' then lines[#lines + 1] = ARGV[4] end
if #lines == 0 then
  redis.call('HDEL', KEYS[1], 'blame')
else
  redis.call('HSET', KEYS[1], 'blame', m[2] .. '\n' .. table.concat(lines, '\n'))
end
return 'ok'
