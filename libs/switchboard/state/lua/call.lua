-- Take one call of a user's, or say how long to wait.
--
-- KEYS[1]  the moment, in epoch us, at which the bucket is full again; absent: it is full
-- ARGV[1]  the present in epoch us; 0: Redis's own clock (anything else is for tests)
-- ARGV[2]  burst: calls a full bucket holds    ARGV[3]  interval_us: in which one comes back
-- returns  0 if taken, else the wait in us; nothing is taken then
local now_us, burst, interval_us = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if now_us == 0 then
  local time = redis.call('TIME')
  now_us = time[1] * 1000000 + time[2]
end
local full_us = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now_us) + interval_us
local wait_us = full_us - burst * interval_us - now_us
if wait_us > 0 then
  return wait_us
end
redis.call('SET', KEYS[1], string.format('%.0f', full_us),
           'PX', math.ceil((full_us - now_us) / 1000))
return 0
