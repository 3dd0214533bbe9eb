-- Gives a player's reservation back, and perhaps stops offering the room for a while.
-- keys  1 offers (hash: id -> json)   2 open (see index.lua)   3 reviews (sorted set: id -> ms)
-- args  1 id   2 player   3 for so long (ms) the room is not offered; '0': it still is
-- says  'ok', also where there is no such offer
-- with index.lua
local k = {offers = KEYS[1], open = KEYS[2], reviews = KEYS[3]}
local offer, now = offer_of(k, ARGV[1]), now_ms()
if not offer then return 'ok' end
offer.held[ARGV[2]] = nil
if ARGV[3] ~= '0' then offer.out = math.max(offer.out, now + ARGV[3]) end
save_offer(k, ARGV[1], offer, now)
return 'ok'
