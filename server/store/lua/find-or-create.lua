-- Finds an open room for a player, or creates the prepared one, and reserves a seat in it.
-- keys  1 offers (hash: id -> json)   2 open (see index.lua)   3 reviews (sorted set: id -> ms)   4 lives (sorted set: id -> ms)
--       5 the call (string: id)   6 the player's last call (string: id, ms, pool, argument 14, with blanks between)
--       7 meta   8 snapshot   9 code of the prepared room   10 makers   11 made   12 terms   13 indexed (see index.lua)
-- args  1 game   2 pool   3 player   4 lifetime of a reservation, ms   5 how long a call is remembered, ms
--       6 how long the last call's room is returned again, ms   7 search: '1' or '0'
--       8 id of the prepared room: '' none   9 code   10 game@version   11 snapshot   12 life, ms   13 its offer, json
--       14 ':' and the id of the call, key 5; '' if it has none   15 makers of the prepared room, json
--       16 how long the player's last call is remembered, ms   17 its index: '' none, json   then the ids of rooms that are not returned
-- reply {'found', id} | {'made', id} | {'taken'}: the prepared id or code exists, nothing was created | {'none'}
--       {'quota', maker}: nothing was found, and this maker has as many rooms as it may have
-- with index.lua
-- A call examines at most 16 reviews, and at most 64 rooms plus the skipped ones.
local k = {offers = KEYS[1], open = KEYS[2], reviews = KEYS[3], lives = KEYS[4], makers = KEYS[10], made = KEYS[11], terms = KEYS[12], indexed = KEYS[13]}
local game, pool, player, now = ARGV[1], ARGV[2], ARGV[3], now_ms()

local function is_alive(id)
  local till = redis.call('ZSCORE', k.lives, id)
  return till and tonumber(till) > now
end

local function is_seated(offer)
  for _, seated in ipairs(offer.players) do
    if seated == player then return true end
  end
  return false
end

-- Reserves a seat unless the player has a seat or none is free. Returns whether the player has a seat or a reservation.
local function reserve(id, offer)
  if is_seated(offer) then return true end
  local held = count_held(offer, now)
  if not offer.held[player] and (offer.out > now or offer.free <= held) then return false end
  offer.held[player] = now + ARGV[4]
  save_offer(k, id, offer, now)
  return true
end

local function remember_call(id)
  if ARGV[14] ~= '' then redis.call('SET', KEYS[5], id, 'PX', ARGV[5]) end
end

local function answer(how, id)
  remember_call(id)
  redis.call('SET', KEYS[6], id .. string.format(' %.0f ', now) .. pool .. ' ' .. ARGV[14], 'PX', ARGV[16])
  return {how, id}
end

local skipped = {}
for i = 18, #ARGV do
  skipped[ARGV[i]] = true
  local offer = offer_of(k, ARGV[i])
  if offer and offer.held[player] then
    offer.held[player] = nil
    save_offer(k, ARGV[i], offer, now)
  end
end

-- A withdrawn room is returned only to players who have a seat in it.
local function is_withdrawn(offer)
  return offer and offer.out > now and not is_seated(offer)
end

local last, at, of, last_call = string.match(redis.call('GET', KEYS[6]) or '', '^(%S+) (%d+) (%S+) ?(.*)$')
local called = ARGV[14] ~= '' and (redis.call('GET', KEYS[5]) or (last_call == ARGV[14] and last))
if called and not skipped[called] and is_alive(called) then
  local offer = offer_of(k, called)
  if not is_withdrawn(offer) then
    if offer then reserve(called, offer) end
    return {'found', called}
  end
end

if last and of == pool and not skipped[last] and is_alive(last) then
  local offer = offer_of(k, last)
  if offer then count_held(offer, now) end
  if not is_withdrawn(offer) and (tonumber(at) + ARGV[6] > now or (offer and (is_seated(offer) or offer.held[player]))) then
    if offer then reserve(last, offer) end
    remember_call(last)
    return {'found', last}
  end
end

-- Frees the seats of expired reservations.
for _, id in ipairs(redis.call('ZRANGE', k.reviews, '-inf', now, 'BYSCORE', 'LIMIT', 0, 16)) do
  local offer = offer_of(k, id)
  if offer then save_offer(k, id, offer, now) else redis.call('ZREM', k.reviews, id) end
end

local from, to, looked = '[' .. game .. '|' .. pool .. '|', '(' .. game .. '|' .. pool .. '}', 0
while ARGV[7] == '1' and looked < 64 + #ARGV - 17 do
  local members = redis.call('ZRANGE', k.open, from, to, 'BYLEX', 'LIMIT', 0, 8)
  for _, member in ipairs(members) do
    local id = string.match(member, '[^|]+$')
    looked = looked + 1
    if not skipped[id] then
      local offer = is_alive(id) and offer_of(k, id)
      if not offer then
        drop_offer(k, id)
        redis.call('ZREM', k.open, member)
      elseif is_open(offer, count_held(offer, now), now) and reserve(id, offer) then
        return answer('found', id)
      else
        save_offer(k, id, offer, now)
      end
    end
    from = '(' .. member
  end
  if #members < 8 then break end
end

if ARGV[8] == '' then return {'none'} end
local prepared = {id = ARGV[8], code = ARGV[9], game = ARGV[10], snapshot = ARGV[11], life = ARGV[12], makers = ARGV[15], index = ARGV[17]}
local how, maker = make_room(prepared, KEYS[7], KEYS[8], KEYS[9], k)
if how ~= 'made' then return {how, maker} end
local offer = cjson.decode(ARGV[13])
offer.held, offer.out = {[player] = now + ARGV[4]}, 0
save_offer(k, ARGV[8], offer, now)
return answer('made', ARGV[8])
