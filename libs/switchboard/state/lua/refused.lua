-- Learn from a call that Meta refused because of a limit: none for a while, and slower ones after.
--
-- KEYS[1]  cooldown of the account     KEYS[2]  its pace
-- ARGV[1]  the present in epoch us; 0: Redis's own clock
-- ARGV[2]  the wait, ms
-- returns  the share the account goes at once it may, in thousandths
--
-- The pace is halved, and grows back from the end of the wait on. While that lasts nothing is
-- granted; so a refusal heard meanwhile is of a call made before, and teaches nothing new.
local now_us, wait_ms = clock(ARGV[1]), tonumber(ARGV[2])
cool(KEYS[1], now_us, wait_ms)

local kept = redis.call('HMGET', KEYS[2], 'learnt', 'from_us')
local from_us = now_us + wait_ms * 1000
local learnt = math.max(SLOWEST, math.floor(share_of(KEYS[2], now_us) / 2))
if kept[1] and now_us < tonumber(kept[2]) then
  learnt, from_us = tonumber(kept[1]), math.max(from_us, tonumber(kept[2]))
end
local lives_us = from_us - now_us + (FULL - learnt) * RECOVERS_US
local fields = { 'learnt', learnt, 'from_us', string.format('%.0f', from_us) }
keep_pace(KEYS[2], lives_us, fields)
return learnt
