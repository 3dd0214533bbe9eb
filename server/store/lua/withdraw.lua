-- Cancels a player's reservation, and optionally stops offering the room for some time.
-- keys  1 offers (hash: id -> json)   2 open (see index.lua)   3 reviews (sorted set: id -> ms)
-- args  1 id   2 player   3 how long the room is not offered, ms; '0': it stays on offer
-- reply 'ok', also if there is no such offer
-- with index.lua
local k = {offers = KEYS[1], open = KEYS[2], reviews = KEYS[3]}
local offer, now = offer_of(k, ARGV[1]), now_ms()
if not offer then return 'ok' end
offer.held[ARGV[2]] = nil
if ARGV[3] ~= '0' then offer.out = math.max(offer.out, now + ARGV[3]) end
save_offer(k, ARGV[1], offer, now)
return 'ok'
