-- Remember a contact, unless a newer one is remembered, or somebody has been erased meanwhile.
--
-- KEYS[1]  contact: its revision, a space, its JSON     KEYS[2]  erasings
-- ARGV[1]  revision     ARGV[2]  JSON     ARGV[3]  how long it lives, ms
-- ARGV[4]  a revision that is known to be wrong and may be replaced by an older one; -1: none
-- ARGV[5]  the word of erasings from before Postgres was asked about the person
-- returns  1 if it was stored, 0 if a newer one stands, or it may be of somebody who was erased
--
-- The same revision is stored again: what stands there may be unreadable.
if redis.call('GET', KEYS[2]) ~= ARGV[5] then
  return 0
end
local kept = redis.call('GET', KEYS[1])
local newest = kept and tonumber(string.match(kept, '^(%d+) '))
if newest and newest > tonumber(ARGV[1]) and newest ~= tonumber(ARGV[4]) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 1
