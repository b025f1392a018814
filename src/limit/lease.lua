-- Takes tokens from a bucket (GCRA) for a replica, all in microseconds of Redis' own clock.
--
-- KEYS: the epoch, and the bucket; without one, this only shows that a replica is there.
-- ARGV: how long the epoch may go unseen; the time in which one token comes back, the size of the bucket,
--       the least that is wanted and the most.
-- Gives: tokens taken, tokens left, and the wait until the least can be had.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- An epoch ends when its memory is lost, and when no replica could be seen for a while: in both cases
-- others may have spent what is not written down here, and every bucket begins anew with a single token.
local epoch = redis.call('HMGET', KEYS[1], 'began', 'seen')
local began, seen = tonumber(epoch[1]), tonumber(epoch[2])
if not began or not seen or math.abs(now - seen) > tonumber(ARGV[1]) then
  began = now
end
redis.call('HSET', KEYS[1], 'began', string.format('%.0f', began), 'seen', string.format('%.0f', now))
if not KEYS[2] then
  return {0, 0, 0}
end

local interval, size = tonumber(ARGV[2]), tonumber(ARGV[3])
local least, most = tonumber(ARGV[4]), tonumber(ARGV[5])
local full_at = tonumber(redis.call('GET', KEYS[2]) or 0)
full_at = math.max(full_at, began + (size - 1) * interval, now)
local left = math.max(0, math.floor((now + size * interval - full_at) / interval + 0.000001))
if left < least then
  return {0, left, math.ceil(full_at + (least - size) * interval - now)}
end
local given = math.min(left, most)
full_at = math.ceil(full_at + given * interval)
redis.call('SET', KEYS[2], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
return {given, left - given, 0}
