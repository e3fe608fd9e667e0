-- What the scripts about limits share: the clock, the cooldown, and the pace of an account.
--
-- A pace is a share of the full one, in thousandths, kept as a hash:
--   learnt         the share after Meta last refused a call because of a limit
--   from_us        from when on that grows again: when calls were allowed again after it
--   told           the share that Meta's own figures left, the least of the last minutes
--   told_until_us  until when that stands
-- Nothing known is the full pace.

local FULL, SLOWEST = 1000, 100
-- One thousandth comes back in 6 s, so a halved pace is the full one again after 50 minutes: Meta
-- reckons what it limits by the hour.
local RECOVERS_US = 6000000

-- Return the present in epoch us: Redis's own, unless a test gives another one.
local function clock(given_us)
  if tonumber(given_us) > 0 then
    return tonumber(given_us)
  end
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- Grant nothing for `wait_ms`; a longer wait already agreed on is kept.
local function cool(key, now_us, wait_ms)
  local until_ms = math.ceil(now_us / 1000) + wait_ms
  if wait_ms > 0 and until_ms > tonumber(redis.call('GET', key) or '0') then
    redis.call('SET', key, string.format('%.0f', until_ms), 'PX', wait_ms)
  end
end

-- Return how long the account still cools down, in us; 0 or less: it does not.
local function cools_us(key, now_us)
  return tonumber(redis.call('GET', key) or '0') * 1000 - now_us
end

-- Return the share the account goes at, in thousandths: the lesser of what was learnt and told.
local function share_of(key, now_us)
  local kept = redis.call('HMGET', key, 'learnt', 'from_us', 'told', 'told_until_us')
  local share = FULL
  if kept[1] then
    local back = math.floor(math.max(0, now_us - tonumber(kept[2])) / RECOVERS_US)
    share = math.min(FULL, tonumber(kept[1]) + back)
  end
  if kept[3] and now_us < tonumber(kept[4]) then
    share = math.min(share, tonumber(kept[3]))
  end
  return share
end

-- Keep `fields` of a pace, and the whole of it for at least `lives_us`.
local function keep_pace(key, lives_us, fields)
  redis.call('HSET', key, unpack(fields))
  redis.call('PEXPIRE', key, math.max(math.ceil(lives_us / 1000), redis.call('PTTL', key)))
end

-- Return what a token costs at `share`, in us: never less than at the full pace.
local function cost_us(interval_us, share)
  return math.max(interval_us, math.ceil(interval_us * FULL / share))
end

