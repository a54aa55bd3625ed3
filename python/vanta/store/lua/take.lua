-- Counts the opens of one user, in order, each if no window of the user would exceed its limit.
--
-- KEYS  opens: {source:ref -> instant}
--       sums:  {source:ref -> amount opened up to and with this row}
--       copies: {source:ref -> instant}
-- ARGV  one msgpack array: now, at, day, limits of OPENS_PER_MINUTE, TRADES_PER_DAY, VOLUME_HOUR,
--       VOLUME_DAY, COPIES_PER_MINUTE, then key, amount, is a copy (1 or 0) of each open
--
-- Answers per open: 1 counted, 2 was counted before, or for each failed limit its number (1 to 5),
-- the value it would make, and when this open fits (0: waiting does not help).
--
-- Rank 0 of both sets is the floor, a nameless row: in `sums` it stands at the sum of all rows that
-- were dropped, in `opens` at minus that, so that one read gives it together with the oldest row.
-- Both sets are in order of time, so a window is a rank and its volume the difference of two sums:
-- nothing here reads a window row by row. Instants are microseconds, amounts e6: all below 2^53.

local MINUTE, HOUR, DAY = 60e6, 3600e6, 86400e6
local SLACK = HOUR -- rows are kept so much longer: a clock set back by up to this finds them again
local PRUNED = 128 -- rows dropped by one call at most
local REBASE = 2 ^ 52
local LIFE = 28 * 3600e3 -- milliseconds; longer than a row is kept

local call = redis.call
local opens, sums, copies = KEYS[1], KEYS[2], KEYS[3]
local ask = cmsgpack.unpack(ARGV[1])
local now, at, day = ask[1], ask[2], ask[3]
local minute_limit, day_limit, hour_volume_limit, day_volume_limit, copy_limit =
  ask[4], ask[5], ask[6], ask[7], ask[8]

local rows = call('ZCARD', opens)
local floor, oldest, latest, total = 0, 0, 0, 0 -- two sums with two instants between them
if rows > 0 then
  local ends = call('ZRANGE', opens, 0, 1, 'WITHSCORES')
  floor, oldest = -ends[2], tonumber(ends[4] or 0)
  latest = tonumber(call('ZRANGE', opens, -1, -1, 'WITHSCORES')[2])
  total = tonumber(call('ZRANGE', sums, -1, -1, 'WITHSCORES')[2])
  if not total then rows, floor, latest, total = 0, 0, 0, 0 end -- evicted: nothing is known
end

-- Rows dated at or before an instant: those that a window beginning after it leaves out.
local function until_(instant)
  if latest <= instant then return rows end
  if instant < oldest then return 1 end
  return call('ZCOUNT', opens, '-inf', instant)
end

-- The amount opened by the first so many rows.
local function sum_of(first)
  if first == rows then return total end
  if first == 1 then return floor end
  return tonumber(call('ZRANGE', sums, first - 1, first - 1, 'WITHSCORES')[2])
end

local before_hour, before_day = until_(now - HOUR), until_(day - 1)
local in_minute, in_day = rows - until_(now - MINUTE), rows - before_day
local hour_volume = total - sum_of(before_hour)
local day_volume = before_day == before_hour and hour_volume or total - sum_of(before_day)
local copied = nil
local ahead = rows - until_(at) -- rows dated later: another process, or a clock set back
local is_new_hour = math.floor(latest / HOUR) ~= math.floor(at / HOUR)
local answers, counted, has_copies = {}, 0, false

local function tomorrow(instant)
  return instant - instant % DAY + DAY
end

local function after_an_hour(instant)
  return instant + HOUR
end

local function after_a_minute(instant)
  return instant + MINUTE
end

-- When the limit-th newest row has left, and limit - 1 remain; 0 where there is no such row.
local function fits_count(set, limit, leaves)
  local row = limit > 0 and call('ZRANGE', set, -limit, -limit, 'WITHSCORES') or {}
  return row[1] and row[1] ~= '' and leaves(tonumber(row[2])) or 0
end

-- When the rows that carry the excess have left, oldest first; 0 where the amount never fits.
local function fits_volume(amount, limit, leaves)
  if amount > limit then return 0 end
  local row = call('ZRANGEBYSCORE', sums, total + amount - limit, '+inf', 'LIMIT', 0, 1)[1]
  return row and leaves(tonumber(call('ZSCORE', opens, row))) or 0
end

local function exceeds(amount, is_copy)
  if is_copy and not copied then
    copied = call('ZCOUNT', copies, string.format('(%.0f', now - MINUTE), '+inf')
  end
  return in_minute >= minute_limit or in_day >= day_limit
    or hour_volume + amount > hour_volume_limit or day_volume + amount > day_volume_limit
    or is_copy and copied >= copy_limit
end

local function failures(amount, is_copy)
  local failed = {}
  local function fail(rule, value, resets_at)
    failed[#failed + 1], failed[#failed + 2], failed[#failed + 3] = rule, value, resets_at
  end
  if in_minute >= minute_limit then
    fail(1, in_minute + 1, fits_count(opens, minute_limit, after_a_minute))
  end
  if in_day >= day_limit then
    fail(2, in_day + 1, fits_count(opens, day_limit, tomorrow))
  end
  if hour_volume + amount > hour_volume_limit then
    fail(3, hour_volume + amount, fits_volume(amount, hour_volume_limit, after_an_hour))
  end
  if day_volume + amount > day_volume_limit then
    fail(4, day_volume + amount, fits_volume(amount, day_volume_limit, tomorrow))
  end
  if is_copy and copied >= copy_limit then
    fail(5, copied + 1, fits_count(copies, copy_limit, after_a_minute))
  end
  return failed
end

-- Adds the row; false where it was there before.
local function count(key, amount, is_copy)
  if rows == 0 then
    call('DEL', opens, sums)
    call('ZADD', opens, 0, '')
    call('ZADD', sums, 0, '')
    rows = 1
  end
  if call('ZADD', opens, 'NX', at, key) == 0 then return false end
  local before = sum_of(rows - ahead)
  if ahead > 0 then
    for _, later in ipairs(call('ZRANGE', sums, -ahead, -1)) do
      call('ZINCRBY', sums, amount, later)
    end
  end
  call('ZADD', sums, before + amount, key)
  rows, total, counted = rows + 1, total + amount, counted + 1
  latest = math.max(latest, at)
  in_minute, in_day = in_minute + 1, in_day + 1
  hour_volume, day_volume = hour_volume + amount, day_volume + amount
  if is_copy then
    call('ZADD', copies, at, key)
    copied, has_copies = copied + 1, true
  end
  return true
end

for i = 9, #ask, 3 do
  local key, amount, is_copy = ask[i], ask[i + 1], ask[i + 2] == 1
  local answer
  if not exceeds(amount, is_copy) then
    answer = count(key, amount, is_copy) and 1 or 2
  elseif rows > 0 and call('ZSCORE', opens, key) then
    answer = 2
  else
    answer = failures(amount, is_copy)
  end
  answers[#answers + 1] = answer
end

local function stand_on(sum)
  call('ZADD', opens, -sum, '')
  call('ZADD', sums, sum, '')
end

if counted > 0 then
  if before_hour > 1 and before_day > 1 then
    -- As if it were earlier by the slack: what no window of then counts goes, oldest first.
    local then_ = now - SLACK
    local stale = until_(math.min(then_ - HOUR, then_ - then_ % DAY - 1)) - 1
    if stale > 0 then
      local gone = call('ZRANGE', sums, 1, math.min(stale, PRUNED))
      local sum = sum_of(#gone + 1)
      call('ZREM', opens, unpack(gone))
      call('ZREM', sums, unpack(gone))
      stand_on(sum)
      floor = sum
    end
  end
  if total > REBASE then
    for _, row in ipairs(call('ZRANGE', sums, 1, -1)) do
      call('ZINCRBY', sums, -floor, row)
    end
    stand_on(0)
  end
  if is_new_hour then -- once an hour is enough
    call('PEXPIRE', opens, LIFE)
    call('PEXPIRE', sums, LIFE)
  end
  if has_copies then
    call('ZREMRANGEBYSCORE', copies, '-inf', now - MINUTE - SLACK)
    call('PEXPIRE', copies, LIFE)
  end
end
return answers
