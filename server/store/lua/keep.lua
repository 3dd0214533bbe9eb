-- Keeps the recording of a match, and lets go of its pieces and of an older recording.
-- keys  1 recording   2 pieces   3 recording of an older match
-- args  1 recording: '' is not kept   2 life, ms
-- says  'ok'
-- What can fail comes first: a recording that is not kept leaves its pieces.
if ARGV[1] ~= '' then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
redis.call('DEL', KEYS[2], KEYS[3])
return 'ok'
