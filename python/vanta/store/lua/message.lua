-- Counts one message of a user in a rolling minute, if there is room for it.
--
-- KEYS  messages: {one name each -> instant, microseconds}
-- ARGV  one msgpack array: now, at, limit
--
-- Answers 0, or the microseconds until there is room.

local MINUTE, SLACK, LIFE = 60e6, 3600e6, 2 * 3600e3
local messages = KEYS[1]
local now, at, limit = unpack(cmsgpack.unpack(ARGV[1]))
local bound = string.format('(%.0f', now - MINUTE)
if redis.call('ZCOUNT', messages, bound, '+inf') >= limit then
  local row = limit > 0 and redis.call('ZRANGE', messages, -limit, -limit, 'WITHSCORES') or {}
  return row[2] and row[2] + MINUTE - now or MINUTE
end
-- Those of one instant come and go together, so their number names the next of them.
local name = string.format('%.0f:%d', at, redis.call('ZCOUNT', messages, at, at))
redis.call('ZADD', messages, at, name)
redis.call('ZREMRANGEBYSCORE', messages, '-inf', now - MINUTE - SLACK)
redis.call('PEXPIRE', messages, LIFE)
return 0
