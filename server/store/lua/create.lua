-- Makes a room that nobody owns.
-- keys  1 meta (hash)   2 snapshot (string)   3 code (string: the room's id)
-- args  1 id   2 code   3 game@version   4 snapshot   5 life, ms
-- says  'ok' | 'exists': the id or the code is taken, nothing was written
if redis.call('EXISTS', KEYS[1]) == 1 or redis.call('EXISTS', KEYS[3]) == 1 then return 'exists' end
redis.call('HSET', KEYS[1], 'seq', '0', 'term', '0', 'terms', '', 'game', ARGV[3], 'code', ARGV[2], 'snap', '0', 'first', '1')
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 'ok'
