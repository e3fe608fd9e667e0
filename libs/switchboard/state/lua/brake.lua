-- Stop every account for a while: for twice as long as last time, if that is not long ago.
--
-- KEYS[1]  brake: lives for as long as nothing may be granted to anybody
-- KEYS[2]  how long the last one was, ms; lives for as long as that counts
-- ARGV[1]  the wait that is asked for, ms
-- ARGV[2]  the longest wait that doubling leads to, ms
-- ARGV[3]  how long after its end the last one counts, ms
-- returns  how long the brake is on from now, ms
--
-- While it is on nobody calls; so what is heard meanwhile is of calls made before, and doubles
-- nothing.
local asked_ms, most_ms, counts_ms = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local stands_ms = redis.call('PTTL', KEYS[1])
if stands_ms >= asked_ms then
  return stands_ms
end
local last_ms = tonumber(redis.call('GET', KEYS[2]) or '0')
local wait_ms = asked_ms
if stands_ms <= 0 then
  wait_ms = math.max(asked_ms, math.min(most_ms, 2 * last_ms))
  last_ms = 0
end
redis.call('SET', KEYS[1], 1, 'PX', wait_ms)
redis.call('SET', KEYS[2], math.max(last_ms, wait_ms), 'PX', wait_ms + counts_ms)
return wait_ms
