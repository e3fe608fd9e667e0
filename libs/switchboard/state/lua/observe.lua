-- Claim an event, keep its person's window, and say whether automation is paused.
--
-- KEYS[1]  claim of the event      KEYS[2]  pause of the account
-- KEYS[3]  pause of the person     KEYS[4]  window of the person     (both absent: no person)
-- ARGV[1]  claimant                ARGV[2]  how long the claim lives, ms
-- ARGV[3]  when the event's window closes, epoch ms; 0: it opens none
-- returns  {1 if the claim is ours, until when paused in epoch ms or 0}
--
-- Running it twice with the same arguments leaves and returns the same.
local claimant, lives_ms = ARGV[1], tonumber(ARGV[2])
local first = redis.call('SET', KEYS[1], claimant, 'NX', 'PX', lives_ms)
           or redis.call('GET', KEYS[1]) == claimant

local closes_ms = tonumber(ARGV[3])
if KEYS[4] and closes_ms > (tonumber(redis.call('GET', KEYS[4]) or '0')) then
  redis.call('SET', KEYS[4], ARGV[3])
  redis.call('PEXPIREAT', KEYS[4], closes_ms) -- already closed: gone at once
end

local paused_ms = tonumber(redis.call('GET', KEYS[2]) or '0')
if KEYS[3] then
  paused_ms = math.max(paused_ms, tonumber(redis.call('GET', KEYS[3]) or '0'))
end
return { first and 1 or 0, paused_ms }
