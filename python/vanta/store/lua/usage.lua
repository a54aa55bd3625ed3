-- Tells what a user has used of each window, and when the oldest of it leaves (0: nothing used).
--
-- KEYS  opens, sums, copies (as in take.lua), messages (as in message.lua)
-- ARGV  one msgpack array: now, day

local MINUTE, HOUR, DAY = 60e6, 3600e6, 86400e6
local opens, sums, copies, messages = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, day = unpack(cmsgpack.unpack(ARGV[1]))
local rows = redis.call('ZCARD', opens)
if rows ~= redis.call('ZCARD', sums) then rows = 0 end

local function window(set, instant)
  local bound = string.format('(%.0f', instant)
  local oldest = redis.call('ZRANGEBYSCORE', set, bound, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
  return redis.call('ZCOUNT', set, bound, '+inf'), tonumber(oldest or 0)
end

local function sum_of(first)
  if first == 0 then return 0 end
  return tonumber(redis.call('ZRANGE', sums, first - 1, first - 1, 'WITHSCORES')[2])
end

local function resets(oldest, span)
  return oldest > 0 and oldest + span or 0
end

local copied, oldest_copy = window(copies, now - MINUTE)
local told, oldest_message = window(messages, now - MINUTE)
if rows == 0 then
  return { 0, 0, 0, 0, 0, 0, 0, 0, copied, resets(oldest_copy, MINUTE), told,
    resets(oldest_message, MINUTE) }
end
local in_minute, oldest_in_minute = window(opens, now - MINUTE)
local in_hour, oldest_in_hour = window(opens, now - HOUR)
local today, oldest_today = window(opens, day - 1)
local total, tomorrow = sum_of(rows), today > 0 and oldest_today - oldest_today % DAY + DAY or 0
return {
  in_minute, resets(oldest_in_minute, MINUTE),
  today, tomorrow,
  total - sum_of(rows - in_hour), resets(oldest_in_hour, HOUR),
  total - sum_of(rows - today), tomorrow,
  copied, resets(oldest_copy, MINUTE),
  told, resets(oldest_message, MINUTE),
}
