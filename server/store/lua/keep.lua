-- Keeps the recording of a match, and lets go of its pieces.
-- keys  1 recording   2 pieces
-- args  1 recording   2 life, ms
-- says  'ok'
-- What can fail comes first: a recording that is not kept leaves its pieces.
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return 'ok'
