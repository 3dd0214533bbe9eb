-- Stores the recording of a match, and removes its parts and an older recording.
-- keys  1 recording   2 pieces   3 recording of an older match
-- args  1 recording: '' stores none   2 life, ms
-- reply 'ok'
-- SET may fail, so it comes first: if it does, the parts are kept.
if ARGV[1] ~= '' then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
redis.call('DEL', KEYS[2], KEYS[3])
return 'ok'
