-- Take one token from every bucket of a call, or say how long to wait: all or nothing.
--
-- KEYS[1]      cooldown of the account: epoch ms before which nothing may be taken
-- KEYS[1 + i]  bucket i: the moment, in epoch us, at which it will be full again
-- ARGV[1]      the present in epoch us; 0: Redis's own clock (anything else is for tests)
-- ARGV[2..]    for each bucket, four: burst, interval_us, keep_ms, recalled
--                burst        tokens a full bucket holds
--                interval_us  time in which one token comes back
--                keep_ms      how long the key outlives the full bucket
--                recalled     'full': a missing bucket is full; 'ask': say so instead;
--                             n: a missing bucket has had n tokens taken
-- returns      0 if taken; the wait in ms if not; -i if bucket i is missing and must be asked for
--
-- A bucket is kept as one integer ("generic cell rate algorithm"): a token taken moves the moment
-- it is full again later by one interval, and it is empty when that moment is burst x interval
-- away. Integers throughout (2^53 us lie in the year 2255), so nothing is granted early by
-- rounding. In any span S at most burst + S / interval tokens are granted.
local now_us = tonumber(ARGV[1])
if now_us == 0 then
  local time = redis.call('TIME')
  now_us = time[1] * 1000000 + time[2]
end

local wait_us = tonumber(redis.call('GET', KEYS[1]) or '0') * 1000 - now_us
local taken = {}
for i = 2, #KEYS do
  local at = (i - 2) * 4 + 1
  local burst, interval_us = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local keep_ms, recalled = tonumber(ARGV[at + 3]), ARGV[at + 4]
  local kept = redis.call('GET', KEYS[i])
  local full_us = kept and tonumber(kept)
  if not full_us then
    if recalled == 'ask' then
      return 1 - i
    end
    local missing = recalled == 'full' and 0 or math.min(burst, tonumber(recalled))
    full_us = now_us + missing * interval_us
  end
  full_us = math.max(full_us, now_us) + interval_us
  wait_us = math.max(wait_us, full_us - burst * interval_us - now_us)
  taken[i] = { full_us, math.ceil((full_us - now_us) / 1000) + keep_ms }
end

if wait_us > 0 then
  return math.ceil(wait_us / 1000)
end
for i = 2, #KEYS do
  redis.call('SET', KEYS[i], string.format('%.0f', taken[i][1]), 'PX', taken[i][2])
end
return 0
