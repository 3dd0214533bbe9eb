-- Reports that a run of a rule hangs, or withdraws the report. The next entry invalidates all reports, because they
-- carry a seq.
-- keys  1 meta; its field 'blame' is a seq, then the runs that hung after that entry, one per line
-- args  1 seq   2 the run's id   3 the run, as json: '' takes it back
-- reply 'ok' | 'seq': an entry was appended since, or there is no such room
local m = redis.call('HMGET', KEYS[1], 'seq', 'blame')
if m[1] ~= ARGV[1] then return 'seq' end
local lines, fresh = {}, nil
for line in string.gmatch(m[2] or '', '[^\n]+') do
  if fresh == nil then
    fresh = line == m[1]
  elseif fresh and not string.find(line, '"id":"' .. ARGV[2] .. '"', 1, true) then
    lines[#lines + 1] = line
  end
end
if ARGV[3] ~= '' then lines[#lines + 1] = ARGV[3] end
if #lines == 0 then
  redis.call('HDEL', KEYS[1], 'blame')
else
  redis.call('HSET', KEYS[1], 'blame', m[1] .. '\n' .. table.concat(lines, '\n'))
end
return 'ok'
