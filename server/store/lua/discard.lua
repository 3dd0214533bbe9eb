-- Cancels a player's reservation, and removes the room if it has no entry and no other live reservation.
-- keys  1 meta   2 journal   3 snapshot   4 code   5 due   6 summaries   7 listed   8 offers   9 open   10 reviews
--       11 quarantined   12 lives   13 occupied   14 makers   15 made   16 terms   17 indexed   (as in remove.lua)
-- args  1 id   2 player
-- reply 'ok': the room does not exist now | 'kept'
-- with index.lua
local k = {due = KEYS[5], summaries = KEYS[6], listed = KEYS[7], offers = KEYS[8], open = KEYS[9], reviews = KEYS[10], quarantined = KEYS[11], lives = KEYS[12], occupied = KEYS[13], makers = KEYS[14], made = KEYS[15], terms = KEYS[16], indexed = KEYS[17]}
local offer, now = offer_of(k, ARGV[1]), now_ms()
if offer then
  offer.held[ARGV[2]] = nil
  save_offer(k, ARGV[1], offer, now)
end
local seq = redis.call('HGET', KEYS[1], 'seq')
if seq and (seq ~= '0' or (offer and count_held(offer, now) > 0)) then return 'kept' end
for i = 1, 3 do redis.call('DEL', KEYS[i]) end
if redis.call('GET', KEYS[4]) == ARGV[1] then redis.call('DEL', KEYS[4]) end
forget_room(k, ARGV[1])
return 'ok'
