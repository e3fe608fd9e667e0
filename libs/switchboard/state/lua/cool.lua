-- Grant nothing to an account for a while; a longer wait already agreed on is kept.
--
-- KEYS[1]  cooldown: epoch ms before which nothing may be taken
-- ARGV[1]  the wait, ms
-- returns  1 if it was set, 0 if a longer one stands
local wait_ms = tonumber(ARGV[1])
if redis.call('PTTL', KEYS[1]) >= wait_ms then
  return 0
end
local time = redis.call('TIME')
local until_ms = time[1] * 1000 + math.floor(time[2] / 1000) + wait_ms
redis.call('SET', KEYS[1], string.format('%.0f', until_ms), 'PX', wait_ms)
return 1
