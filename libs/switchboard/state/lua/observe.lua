-- Claim an event, keep its person's window, and say what is remembered of the person.
--
-- KEYS[1]  claim of the event       KEYS[2]  erasings: the word that the last one left
-- KEYS[3]  window of the person     KEYS[4]  contact            (both absent: no person)
-- ARGV[1]  claimant                 ARGV[2]  how long the claim lives, ms
-- ARGV[3]  when the event's window closes, epoch ms; 0: it opens none
-- ARGV[4]  a word for erasings, if there is none     ARGV[5]  how long that lives, ms
-- returns  {1 if the claim is ours, when the window closes in epoch ms or 0, the contact or '',
--           the word}
--
-- An event that another message carries opens no window here: its person may have been erased since.
--
-- Running it twice with the same arguments leaves the same, and returns it.
local claimant, lives_ms = ARGV[1], tonumber(ARGV[2])
local first = redis.call('SET', KEYS[1], claimant, 'NX', 'PX', lives_ms)
           or redis.call('GET', KEYS[1]) == claimant
local erasings = redis.call('GET', KEYS[2])
if not erasings then
  redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
  erasings = ARGV[4]
end
if not KEYS[3] then
  return { first and 1 or 0, 0, '', erasings }
end

local closes_ms = tonumber(ARGV[3])
local kept_ms = tonumber(redis.call('GET', KEYS[3]) or '0')
if first and closes_ms > kept_ms then
  redis.call('SET', KEYS[3], ARGV[3])
  redis.call('PEXPIREAT', KEYS[3], closes_ms) -- already closed: gone at once
  kept_ms = closes_ms
end
return { first and 1 or 0, kept_ms, redis.call('GET', KEYS[4]) or '', erasings }
