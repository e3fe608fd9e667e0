-- Remember a contact, unless a newer one is remembered.
--
-- KEYS[1]  contact: its revision, a space, its JSON
-- ARGV[1]  revision     ARGV[2]  JSON     ARGV[3]  how long it lives, ms
-- ARGV[4]  a revision that is known to be wrong and may be replaced by an older one; -1: none
-- returns  1 if it was stored, 0 if a newer one stands
--
-- The same revision is stored again: what stands there may be unreadable.
local kept = redis.call('GET', KEYS[1])
local newest = kept and tonumber(string.match(kept, '^(%d+) '))
if newest and newest > tonumber(ARGV[1]) and newest ~= tonumber(ARGV[4]) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 1
