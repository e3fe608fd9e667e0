-- Say how many tokens a bucket would grant one after the other at this moment; take none.
--
-- KEYS[1]  cooldown of the account     KEYS[2]  its pace
-- KEYS[3]  bucket: the moment, in epoch us, at which it will be full again; missing: it is full
-- ARGV[1]  the present in epoch us; 0: Redis's own clock
-- ARGV[2]  burst: tokens a full bucket holds
-- ARGV[3]  interval_us: time in which one token comes back
-- returns  the number; 0 while the account cools down
local now_us, burst, interval_us = clock(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if cools_us(KEYS[1], now_us) > 0 then
  return 0
end
local owed_us = math.max(0, tonumber(redis.call('GET', KEYS[3]) or '0') - now_us)
local room_us = (burst - 1) * interval_us - owed_us
if room_us < 0 then
  return 0
end
return math.floor(room_us / cost_us(interval_us, share_of(KEYS[2], now_us))) + 1
