-- One circuit breaker for all replicas: ask it, or tell it how a call ended.
--
-- KEYS[1]  hash {state, failed, until_ms}; absent: closed, no failures
-- ARGV[1]  the present in epoch ms; 0: Redis's own clock (anything else is for tests)
-- ARGV[2]  what happened: 'ask', 'succeeded', 'failed' or 'let_go'
-- ARGV[3]  failures in a row that open it     ARGV[4]  how long it stays open, ms
-- ARGV[5]  how long a probe may take, ms
-- returns  {permit, state}; the permit is 'go', 'probe' or 'stay', and 'go' for all but 'ask'
--
-- The rules are those of circuit.py. The key outlives the longest wait by an hour: a circuit that
-- nobody has asked for so long is closed.
local now_ms = tonumber(ARGV[1])
if now_ms == 0 then
  local time = redis.call('TIME')
  now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
end
local limit, open_ms, probe_ms = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local kept = redis.call('HMGET', KEYS[1], 'state', 'failed', 'until_ms')
local state, failed, until_ms = kept[1] or 'closed', tonumber(kept[2]) or 0, tonumber(kept[3]) or 0
local permit, changed = 'go', false

if ARGV[2] == 'ask' then
  if state ~= 'closed' then
    if now_ms < until_ms then
      permit = 'stay'
    else
      permit, state, until_ms, changed = 'probe', 'half_open', now_ms + probe_ms, true
    end
  end
elseif ARGV[2] == 'succeeded' then
  if state ~= 'open' and (state ~= 'closed' or failed > 0) then
    redis.call('DEL', KEYS[1])
    return { permit, 'closed' }
  end
elseif ARGV[2] == 'failed' then
  if state ~= 'open' then
    failed, changed = failed + 1, true
    if state == 'half_open' or failed >= limit then
      state, failed, until_ms = 'open', 0, now_ms + open_ms
    end
  end
elseif ARGV[2] == 'let_go' then
  if state == 'half_open' then
    until_ms, changed = now_ms, true
  end
else
  return redis.error_reply('circuit: nothing is known of ' .. ARGV[2])
end

if changed then
  redis.call('HSET', KEYS[1], 'state', state, 'failed', failed,
             'until_ms', string.format('%.0f', until_ms))
  redis.call('PEXPIRE', KEYS[1], math.max(open_ms, probe_ms) + 3600000)
end
return { permit, state }
