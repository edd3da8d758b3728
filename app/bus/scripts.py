"""What Redis runs for the bus, each script all at once: nobody sees or changes a half of it.

Below the prefix there are: `call:KEY`, a hash for each call; `leases`, until when nodes live;
`nodes`, what they say of themselves; `of:NODE` and `count:NODE`, the keys of the calls of a node
and how many each organisation has there; `epoch`, the last one given, which never expires.

An epoch is one more than the last one, and no less than the microseconds of the clock: should
Redis lose what it holds, epochs still do not begin again.
"""

from typing import Final

__all__ = ["COUNTS", "LEAVE", "NODES", "OWNER", "RENEW", "SWEEP", "TAKE_OVER", "WRITE"]

_COMMON: Final = """
local prefix = KEYS[1] .. ':'
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local function whole(number)
  return string.format('%.0f', number)
end
"""

_OWNING: Final = (
    _COMMON
    + """
local function next_epoch()
  local last = tonumber(redis.call('GET', prefix .. 'epoch') or '0')
  local epoch = whole(math.max(last + 1, now()))
  redis.call('SET', prefix .. 'epoch', epoch)
  return epoch
end
local function add(node, organisation, key, expiry)
  if redis.call('SADD', prefix .. 'of:' .. node, key) == 1 then
    redis.call('HINCRBY', prefix .. 'count:' .. node, organisation, 1)
  end
  redis.call('PEXPIRE', prefix .. 'of:' .. node, expiry)
  redis.call('PEXPIRE', prefix .. 'count:' .. node, expiry)
end
local function drop(node, organisation, key)
  if redis.call('SREM', prefix .. 'of:' .. node, key) == 1 then
    local count = prefix .. 'count:' .. node
    if redis.call('HINCRBY', count, organisation, -1) < 1 then
      redis.call('HDEL', count, organisation)
    end
  end
end
"""
)

WRITE: Final = (
    _OWNING
    + """
-- ARGV: node, expiry, and six values for each entry. Gives for each 'lost', '', or a new epoch.
-- The rule is that of app/bus/claims.py.
local node, expiry, verdicts = ARGV[1], ARGV[2], {}
for at = 3, #ARGV, 6 do
  local key, organisation, epoch = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local began, checkpoint = tonumber(ARGV[at + 3]), ARGV[at + 5]
  local call = prefix .. 'call:' .. key
  local held = redis.call('HMGET', call, 'node', 'epoch', 'claimed')
  local has, known, claimed = held[1], tonumber(held[2] or '0'), tonumber(held[3] or '0')
  local verdict = 'claim'
  if has and epoch > 0 then
    if has == node and epoch == known then verdict = '' end
    if epoch < known or (epoch == known and has ~= node) then verdict = 'lost' end
  elseif has and has ~= node and began <= claimed then
    verdict = 'lost'
  end
  if verdict ~= 'lost' and ARGV[at + 4] == 'over' then
    redis.call('DEL', call)
    drop(has or node, organisation, key)
    verdict = ''
  elseif verdict == 'claim' then
    verdict = next_epoch()
    claimed = whole(math.max(began, claimed))
    redis.call('HSET', call, 'node', node, 'epoch', verdict, 'claimed', claimed,
      'organisation', organisation, 'checkpoint', checkpoint)
    redis.call('ZADD', prefix .. 'leases', 'NX', claimed, node)  -- a node unheard of has no lease
    if has and has ~= node then drop(has, organisation, key) end
    add(node, organisation, key, expiry)
    redis.call('PEXPIRE', call, expiry)
  elseif verdict == '' then
    redis.call('HSET', call, 'checkpoint', checkpoint)
    redis.call('PEXPIRE', call, expiry)
  end
  verdicts[#verdicts + 1] = verdict
end
return verdicts
"""
)

TAKE_OVER: Final = (
    _OWNING
    + """
-- ARGV: node, expiry, key. Gives the epoch, the checkpoint and who had the call, or nothing.
local node, key = ARGV[1], ARGV[3]
local call = prefix .. 'call:' .. key
local held = redis.call('HMGET', call, 'node', 'claimed', 'organisation', 'checkpoint')
if not held[1] then return false end
local epoch = next_epoch()
local claimed = whole(math.max(now(), tonumber(held[2])))
redis.call('HSET', call, 'node', node, 'epoch', epoch, 'claimed', claimed)
redis.call('PEXPIRE', call, ARGV[2])
redis.call('ZADD', prefix .. 'leases', 'NX', claimed, node)
if held[1] ~= node then drop(held[1], held[3], key) end
add(node, held[3], key, ARGV[2])
return {epoch, held[4], held[1]}
"""
)

RENEW: Final = (
    _COMMON
    + """
-- ARGV: node, expiry, microseconds of the lease, what it says of itself.
redis.call('ZADD', prefix .. 'leases', whole(now() + tonumber(ARGV[3])), ARGV[1])
redis.call('HSET', prefix .. 'nodes', ARGV[1], ARGV[4])
redis.call('PEXPIRE', prefix .. 'of:' .. ARGV[1], ARGV[2])
redis.call('PEXPIRE', prefix .. 'count:' .. ARGV[1], ARGV[2])
"""
)

LEAVE: Final = (
    _COMMON
    + """
redis.call('ZADD', prefix .. 'leases', 'XX', whole(now()), ARGV[1])
"""
)

NODES: Final = (
    _COMMON
    + """
local found = {}
for _, node in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'leases', '(' .. whole(now()), '+inf'))
do
  found[#found + 1] = redis.call('HGET', prefix .. 'nodes', node) or nil
end
return found
"""
)

OWNER: Final = (
    _COMMON
    + """
-- ARGV: key. Gives who has the call, its epoch and what the node says of itself while it lives.
local held = redis.call('HMGET', prefix .. 'call:' .. ARGV[1], 'node', 'epoch')
if not held[1] then return false end
local till = tonumber(redis.call('ZSCORE', prefix .. 'leases', held[1]) or '0')
return {held[1], held[2], till > now() and redis.call('HGET', prefix .. 'nodes', held[1]) or ''}
"""
)

COUNTS: Final = (
    _COMMON
    + """
-- Gives a node, then organisation, number, organisation, number …, for each that lives.
local found = {}
for _, node in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'leases', '(' .. whole(now()), '+inf'))
do
  found[#found + 1] = {node, redis.call('HGETALL', prefix .. 'count:' .. node)}
end
return found
"""
)

SWEEP: Final = (
    _COMMON
    + """
-- ARGV: a moment in microseconds. Gives how many calls are forgotten.
local swept = 0
for _, node in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'leases', '-inf', '(' .. ARGV[1])) do
  for _, key in ipairs(redis.call('SMEMBERS', prefix .. 'of:' .. node)) do
    swept = swept + redis.call('DEL', prefix .. 'call:' .. key)
  end
  redis.call('DEL', prefix .. 'of:' .. node, prefix .. 'count:' .. node)
  redis.call('ZREM', prefix .. 'leases', node)
  redis.call('HDEL', prefix .. 'nodes', node)
end
return swept
"""
)
