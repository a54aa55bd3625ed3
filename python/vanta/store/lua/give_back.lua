-- Takes opens of one user out again, as if they had never been counted.
--
-- KEYS  opens, sums, copies (as in take.lua)
-- ARGV  one msgpack array: source:ref of each

local opens, sums, copies = KEYS[1], KEYS[2], KEYS[3]
for _, key in ipairs(cmsgpack.unpack(ARGV[1])) do
  local rank = redis.call('ZRANK', sums, key)
  if rank then
    -- The rows behind are few: what is given back was taken a moment ago.
    local around = redis.call('ZRANGE', sums, rank - 1, -1, 'WITHSCORES')
    local amount = around[4] - around[2]
    for i = 5, #around, 2 do
      redis.call('ZINCRBY', sums, -amount, around[i])
    end
    redis.call('ZREM', sums, key)
    redis.call('ZREM', opens, key)
    redis.call('ZREM', copies, key)
  end
end
