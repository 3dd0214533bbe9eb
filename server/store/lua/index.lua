-- Functions for scripts with the header `-- with index.lua`: creating rooms, and the indexes by which rooms are found.
-- `k` holds the index keys: summaries, listed, offers, open, reviews, due, quarantined, lives, occupied,
--   makers, made, terms, indexed. Each script passes the ones it has.
--
-- `listed`, `open`, `occupied`, `made` and `terms` are sorted sets in lexicographic order; all scores are 0:
--   listed   |<since>|<id> and <game>|<since>|<id>
--   open     <game>|*|<since>|<id> and <game>|<pool>|<since>|<id>
--   occupied <id>, of rooms with a connected player
--   made     <maker>|<id>
--   terms    <term>|<id>, for each term of the room's record in `indexed` (hash: id -> json: terms, text)
-- `since` has 15 digits. Games, pools, terms and ids never contain '|'.
--
-- A field of `offers`: game, pool, since, free, present, players (list), held (reservations: player -> until, ms),
--   out (not offered before, ms).

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function listed_members(summary, id)
  local tail = string.format('|%015.0f|', summary.since) .. id
  return tail, summary.game .. tail
end

local function unlist_room(k, id)
  local text = redis.call('HGET', k.summaries, id)
  if not text then return end
  redis.call('ZREM', k.listed, listed_members(cjson.decode(text), id))
  redis.call('HDEL', k.summaries, id)
end

local function list_room(k, id, text)
  unlist_room(k, id)
  redis.call('HSET', k.summaries, id, text)
  local all, own = listed_members(cjson.decode(text), id)
  redis.call('ZADD', k.listed, 0, all, 0, own)
end

local function offer_of(k, id)
  local text = redis.call('HGET', k.offers, id)
  return text and cjson.decode(text)
end

local function open_members(offer, id)
  local tail = string.format('|%015.0f|', offer.since) .. id
  return offer.game .. '|*' .. tail, offer.game .. '|' .. offer.pool .. tail
end

-- Drops expired reservations. Returns how many remain, and when the first of them expires.
local function count_held(offer, now)
  local count, first = 0, nil
  for player, till in pairs(offer.held) do
    if till <= now then
      offer.held[player] = nil
    else
      count = count + 1
      if not first or till < first then first = till end
    end
  end
  return count, first
end

local function is_open(offer, held, now)
  return offer.out <= now and offer.free > held and (offer.present or held > 0)
end

-- Writes an offer and adds the room to `open` or removes it. The offer is reviewed when its next reservation expires.
local function save_offer(k, id, offer, now)
  local held, review = count_held(offer, now)
  if offer.out > now and (not review or offer.out < review) then review = offer.out end
  local all, own = open_members(offer, id)
  if is_open(offer, held, now) then
    redis.call('ZADD', k.open, 0, all, 0, own)
  else
    redis.call('ZREM', k.open, all, own)
  end
  if review then redis.call('ZADD', k.reviews, review, id) else redis.call('ZREM', k.reviews, id) end
  redis.call('HSET', k.offers, id, cjson.encode(offer))
end

-- Returns the removed offer, or nil.
local function drop_offer(k, id)
  local offer = offer_of(k, id)
  if not offer then return nil end
  redis.call('ZREM', k.open, open_members(offer, id))
  redis.call('ZREM', k.reviews, id)
  redis.call('HDEL', k.offers, id)
  return offer
end

local function forget_makers(k, id)
  local text = redis.call('HGET', k.makers, id)
  if not text then return end
  for _, maker in ipairs(cjson.decode(text)) do redis.call('ZREM', k.made, maker .. '|' .. id) end
  redis.call('HDEL', k.makers, id)
end

-- Replaces a room's index record and its terms; `text` nil: removes them.
local function index_room(k, id, text)
  local before = redis.call('HGET', k.indexed, id)
  if before == (text or false) then return end
  local is_new, gone, added = {}, {}, {}
  for _, term in ipairs(text and cjson.decode(text).terms or {}) do is_new[term] = true end
  for _, term in ipairs(before and cjson.decode(before).terms or {}) do
    if is_new[term] then is_new[term] = nil else table.insert(gone, term .. '|' .. id) end
  end
  for term in pairs(is_new) do
    table.insert(added, 0)
    table.insert(added, term .. '|' .. id)
  end
  if #gone > 0 then redis.call('ZREM', k.terms, unpack(gone)) end
  if #added > 0 then redis.call('ZADD', k.terms, unpack(added)) end
  if text then redis.call('HSET', k.indexed, id, text) else redis.call('HDEL', k.indexed, id) end
end

-- Whether a maker has as many rooms as it may have. If so, 64 of its rooms are checked and expired ones removed. The
-- bound keeps a refused call short, since a network may have thousands of rooms; `sweep` removes the rest.
local function is_over_quota(k, maker, now)
  local from, to = '[' .. maker.key .. '|', '(' .. maker.key .. '}'
  local count = redis.call('ZLEXCOUNT', k.made, from, to)
  if count < maker.most then return false end
  for _, member in ipairs(redis.call('ZRANGE', k.made, from, to, 'BYLEX', 'LIMIT', 0, 64)) do
    local id = string.match(member, '[^|]+$')
    local till = redis.call('ZSCORE', k.lives, id)
    if not till or tonumber(till) <= now then
      forget_makers(k, id)
      count = count - 1
    end
  end
  return count >= maker.most
end

-- `room`: id, code, game, snapshot, life, makers (json), index ('' none, json). Returns 'taken' if the id or the code exists, 'quota' and the
-- maker if the maker has as many rooms as it may have, else 'made'.
local function make_room(room, meta, snapshot, code, k)
  if redis.call('EXISTS', meta) == 1 or redis.call('EXISTS', code) == 1 then return 'taken' end
  local makers, now = cjson.decode(room.makers), now_ms()
  for _, maker in ipairs(makers) do
    if is_over_quota(k, maker, now) then return 'quota', cjson.encode(maker) end
  end
  -- Commands that Redis may reject come first, so that no key is left without an expiry.
  redis.call('SET', snapshot, room.snapshot, 'PX', room.life)
  redis.call('SET', code, room.id, 'PX', room.life)
  redis.call('HSET', meta, 'seq', '0', 'term', '0', 'terms', '', 'game', room.game, 'code', room.code, 'snap', '0', 'first', '1')
  redis.call('PEXPIRE', meta, room.life)
  redis.call('ZADD', k.lives, now + room.life, room.id)
  if #makers > 0 then
    local keys = {}
    for i, maker in ipairs(makers) do
      keys[i] = maker.key
      redis.call('ZADD', k.made, 0, maker.key .. '|' .. room.id)
    end
    redis.call('HSET', k.makers, room.id, cjson.encode(keys))
  end
  if room.index ~= '' then index_room(k, room.id, room.index) end
  return 'made'
end

-- Extends the expiry of all keys of a room. `room`: meta, journal, snapshot, parts of the recording; `life`: ms.
local function renew_room(room, code, lives, id, life)
  for _, key in ipairs(room) do redis.call('PEXPIRE', key, life) end
  redis.call('ZADD', lives, now_ms() + life, id)
  -- A code that expired before its room is set again, unless another room has taken it.
  if redis.call('SET', code, id, 'PX', life, 'NX') == false and redis.call('GET', code) == id then redis.call('PEXPIRE', code, life) end
end

-- Removes a room from all indexes. Its code is a key of its own.
local function forget_room(k, id)
  unlist_room(k, id)
  drop_offer(k, id)
  forget_makers(k, id)
  index_room(k, id, nil)
  redis.call('ZREM', k.due, id)
  redis.call('HDEL', k.quarantined, id)
  redis.call('ZREM', k.occupied, id)
  redis.call('ZREM', k.lives, id)
end
