-- Take one token from every bucket of a call, or say how long to wait: all or nothing.
--
-- KEYS[1]      cooldown: epoch ms before which no call to Meta is made for the account
-- KEYS[2]      pace of the account
-- KEYS[2 + i]  bucket i: the moment, in epoch us, at which it will be full again
-- ARGV[1]      the present in epoch us; 0: Redis's own clock (anything else is for tests)
-- ARGV[2]      1: a call to Meta; 0: to somebody else, whom cooldown and pace do not concern
-- ARGV[3..]    for each bucket, four: burst, interval_us, keep_ms, recalled
--                burst        tokens a full bucket holds
--                interval_us  time in which one token comes back
--                keep_ms      how long the key outlives the full bucket
--                recalled     'full': a missing bucket is full; 'ask': say so instead;
--                             n: a missing bucket has had n tokens taken
-- returns      {0, 0} if taken; {wait in ms, i} if not, for bucket i, or the cooldown if i is 0;
--              {-1, i} if bucket i is missing and must be asked for
--
-- A bucket is kept as one integer ("generic cell rate algorithm"): a token taken moves the moment
-- it is full again later, and it is empty when that moment is burst x interval away. Integers
-- throughout (2^53 us lie in the year 2255), so nothing is granted early by rounding.
--
-- A pace below the full one makes tokens cost more: interval / share instead of interval. Whether
-- there is one is still measured by the interval alone. Were the interval itself stretched, what
-- is owed would shrink against it, and tokens would appear from nothing when the pace falls.
--
-- In any span S at most burst + S / interval tokens are granted, whatever the pace does. Let t1 and
-- tn be the moments of the first and the last of n grants in S. Each grant moves "full again" later
-- by an interval or more, the first one to t1 + interval or beyond: so after n - 1 of them it is at
-- t1 + (n - 1) x interval or later. The last was granted, so that moment, and one interval more, was
-- at most burst x interval ahead: t1 + n x interval <= tn + burst x interval. Hence
-- n <= burst + (tn - t1) / interval. It needs no order of the moments: a clock that is set back
-- grants less.
local now_us, to_meta = clock(ARGV[1]), ARGV[2] == '1'
local wait_us, which, share = 0, 0, FULL
if to_meta then
  wait_us, share = cools_us(KEYS[1], now_us), share_of(KEYS[2], now_us)
end

local taken, learnt = {}, {}
for i = 1, #KEYS - 2 do
  local at = 4 * i - 2
  local burst, interval_us = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local keep_ms, recalled = tonumber(ARGV[at + 3]), ARGV[at + 4]
  local kept = redis.call('GET', KEYS[i + 2])
  local full_us = kept and tonumber(kept)
  if not full_us then
    if recalled == 'ask' then
      return { -1, i }
    end
    local missing = recalled == 'full' and 0 or math.min(burst, tonumber(recalled))
    full_us = now_us + missing * interval_us
    if recalled ~= 'full' then
      learnt[i] = { full_us, math.ceil(missing * interval_us / 1000) + keep_ms }
    end
  end
  full_us = math.max(full_us, now_us)
  local empty_us = full_us + interval_us - burst * interval_us - now_us
  if empty_us > wait_us then
    wait_us, which = empty_us, i
  end
  full_us = full_us + cost_us(interval_us, share)
  taken[i] = { full_us, math.ceil((full_us - now_us) / 1000) + keep_ms }
end

-- What was learnt of a missing bucket is kept even so, or no token would ever come back to one that
-- is asked about again and again while others know that it is empty.
if wait_us > 0 then
  for i, bucket in pairs(learnt) do
    redis.call('SET', KEYS[i + 2], string.format('%.0f', bucket[1]), 'PX', bucket[2])
  end
  return { math.ceil(wait_us / 1000), which }
end
for i = 1, #KEYS - 2 do
  redis.call('SET', KEYS[i + 2], string.format('%.0f', taken[i][1]), 'PX', taken[i][2])
end
return { 0, 0 }
