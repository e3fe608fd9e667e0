-- Heed what Meta's figures say of an account's budget: go slower for a while, or not at all.
--
-- KEYS[1]  cooldown of the account     KEYS[2]  its pace
-- ARGV[1]  the present in epoch us; 0: Redis's own clock
-- ARGV[2]  the share of its full pace that the figures leave, in thousandths
-- ARGV[3]  for how long nothing may be granted at all, ms; 0: it may
-- ARGV[4]  how long the share stands after that, ms
-- returns  the share the account goes at from now on, in thousandths
--
-- An account has several budgets, and an answer tells of some of them: so a lesser share replaces
-- one that stands, and a greater one does not.
local now_us, told, wait_ms = clock(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
cool(KEYS[1], now_us, wait_ms)
if told < FULL then
  told = math.max(SLOWEST, told)
  local kept = redis.call('HMGET', KEYS[2], 'told', 'told_until_us')
  local lesser_stands = kept[1] and tonumber(kept[1]) < told and now_us < tonumber(kept[2])
  if not lesser_stands then
    local stands_us = (wait_ms + tonumber(ARGV[4])) * 1000
    local until_us = string.format('%.0f', now_us + stands_us)
    keep_pace(KEYS[2], stands_us, { 'told', told, 'told_until_us', until_us })
  end
end
return share_of(KEYS[2], now_us)
