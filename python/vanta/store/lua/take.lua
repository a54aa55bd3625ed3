-- Counts the opens of one user, in order, each if no window of the user would exceed its limit.
--
-- KEYS  opens: {source:ref -> instant}     rank 0 is the floor, a nameless row at 0
--       sums:  {source:ref -> amount opened up to and with this row, counted from the start}
--       copies: {source:ref -> instant}
-- ARGV  one msgpack array: now, at, day, limits of OPENS_PER_MINUTE, TRADES_PER_DAY, VOLUME_HOUR,
--       VOLUME_DAY, COPIES_PER_MINUTE, then key, amount, is a copy (1 or 0) of each open
--
-- Answers per open: 1 counted, 2 was counted before, or for each failed limit its number (1 to 5),
-- the value it would make, and when this open fits (0: waiting does not help).
--
-- Both sets are in order of time, so a window is a rank and its volume the difference of two sums:
-- nothing here reads a window row by row. Instants are microseconds, amounts e6: all below 2^53.

local MINUTE, HOUR, DAY = 60e6, 3600e6, 86400e6
local SLACK = HOUR -- rows are kept so much longer: a clock set back by up to this finds them again
local PRUNED = 128 -- rows dropped by one call at most
local REBASE = 2 ^ 52
local LIFE = 28 * 3600e3 -- milliseconds; longer than a row is kept

local opens, sums, copies = KEYS[1], KEYS[2], KEYS[3]
local ask = cmsgpack.unpack(ARGV[1])
local now, at, day = ask[1], ask[2], ask[3]
local minute_limit, day_limit, hour_volume_limit, day_volume_limit, copy_limit =
  ask[4], ask[5], ask[6], ask[7], ask[8]

local rows = redis.call('ZCARD', opens)
local latest, total = 0, 0 -- the newest row's instant, and the sum of all
if rows > 0 then
  latest = tonumber(redis.call('ZRANGE', opens, -1, -1, 'WITHSCORES')[2])
  total = tonumber(redis.call('ZRANGE', sums, -1, -1, 'WITHSCORES')[2])
  if not total then rows, latest, total = 0, 0, 0 end -- evicted: then nothing is known
end

-- Rows dated at or before an instant: those that a window beginning after it leaves out.
local function until_(instant)
  if latest <= instant then return rows end
  return redis.call('ZCOUNT', opens, '-inf', instant)
end

-- The amount opened by the first so many rows.
local function sum_of(first)
  if first == rows then return total end
  if first == 0 then return 0 end
  return tonumber(redis.call('ZRANGE', sums, first - 1, first - 1, 'WITHSCORES')[2])
end

-- The instant of the so-manyth newest row, nil where there are not so many.
local function newest(set, nth)
  if nth < 1 then return nil end
  local row = redis.call('ZRANGE', set, -nth, -nth, 'WITHSCORES')
  if row[1] == nil or row[1] == '' then return nil end
  return tonumber(row[2])
end

local function tomorrow(instant)
  return instant - instant % DAY + DAY
end

-- When the rows that carry the excess have left, oldest first; 0 where the amount never fits.
local function fits(total, amount, limit, leaves)
  if amount > limit then return 0 end
  local row = redis.call('ZRANGEBYSCORE', sums, total + amount - limit, '+inf', 'LIMIT', 0, 1)[1]
  return row and leaves(tonumber(redis.call('ZSCORE', opens, row))) or 0
end

local function after_an_hour(instant)
  return instant + HOUR
end

local before_hour, before_day = until_(now - HOUR), until_(day - 1)
local in_minute, in_day = rows - until_(now - MINUTE), rows - before_day
local hour_volume = total - sum_of(before_hour)
local day_volume = before_day == before_hour and hour_volume or total - sum_of(before_day)
local copied = nil
local ahead = rows - until_(at) -- rows dated later: another process, or a clock set back
local is_new_hour = math.floor(latest / HOUR) ~= math.floor(at / HOUR)
local answers, counted, has_copies = {}, 0, false

local function failures(amount, is_copy)
  local failed = {}
  local function fail(rule, value, resets_at)
    failed[#failed + 1], failed[#failed + 2], failed[#failed + 3] = rule, value, resets_at
  end
  if in_minute + 1 > minute_limit then
    local leaver = newest(opens, minute_limit)
    fail(1, in_minute + 1, leaver and leaver + MINUTE or 0)
  end
  if in_day + 1 > day_limit then
    local leaver = newest(opens, day_limit)
    fail(2, in_day + 1, leaver and tomorrow(leaver) or 0)
  end
  if hour_volume + amount > hour_volume_limit then
    fail(3, hour_volume + amount, fits(total, amount, hour_volume_limit, after_an_hour))
  end
  if day_volume + amount > day_volume_limit then
    fail(4, day_volume + amount, fits(total, amount, day_volume_limit, tomorrow))
  end
  if is_copy then
    copied = copied or redis.call('ZCOUNT', copies, string.format('(%.0f', now - MINUTE), '+inf')
    if copied + 1 > copy_limit then
      local leaver = newest(copies, copy_limit)
      fail(5, copied + 1, leaver and leaver + MINUTE or 0)
    end
  end
  return failed
end

local function count(key, amount, is_copy)
  if rows == 0 then
    redis.call('DEL', opens, sums)
    redis.call('ZADD', opens, 0, '')
    redis.call('ZADD', sums, 0, '')
    rows = 1
  end
  local before = sum_of(rows - ahead)
  if ahead > 0 then
    for _, later in ipairs(redis.call('ZRANGE', sums, -ahead, -1)) do
      redis.call('ZINCRBY', sums, amount, later)
    end
  end
  redis.call('ZADD', sums, before + amount, key)
  redis.call('ZADD', opens, at, key)
  rows, total, counted = rows + 1, total + amount, counted + 1
  latest = math.max(latest, at)
  in_minute, in_day = in_minute + 1, in_day + 1
  hour_volume, day_volume = hour_volume + amount, day_volume + amount
  if is_copy then
    redis.call('ZADD', copies, at, key)
    copied, has_copies = copied + 1, true
  end
end

for i = 9, #ask, 3 do
  local key, amount, is_copy = ask[i], ask[i + 1], ask[i + 2] == 1
  if rows > 0 and redis.call('ZSCORE', opens, key) then
    answers[#answers + 1] = 2
  else
    local failed = failures(amount, is_copy)
    if #failed == 0 then
      count(key, amount, is_copy)
      answers[#answers + 1] = 1
    else
      answers[#answers + 1] = failed
    end
  end
end

-- Makes the sum of the first so many rows the floor; these rows go, oldest first.
local function drop(first)
  local gone = redis.call('ZRANGE', sums, 1, first)
  local floor = sum_of(first + 1)
  redis.call('ZREM', opens, unpack(gone))
  redis.call('ZREM', sums, unpack(gone))
  redis.call('ZADD', sums, floor, '')
end

if counted > 0 then
  if math.min(before_hour, before_day) > 1 then
    -- As if it were earlier by the slack: what no window of then counts.
    local then_ = now - SLACK
    local stale = until_(math.min(then_ - HOUR, then_ - then_ % DAY - 1)) - 1
    if stale > 0 then drop(math.min(stale, PRUNED)) end
  end
  if total > REBASE then
    local floor = sum_of(1)
    for _, row in ipairs(redis.call('ZRANGE', sums, 0, -1)) do
      redis.call('ZINCRBY', sums, -floor, row)
    end
  end
  if is_new_hour then -- once an hour is enough
    redis.call('PEXPIRE', opens, LIFE)
    redis.call('PEXPIRE', sums, LIFE)
  end
  if has_copies then
    redis.call('ZREMRANGEBYSCORE', copies, '-inf', now - MINUTE - SLACK)
    redis.call('PEXPIRE', copies, LIFE)
  end
end
return answers
