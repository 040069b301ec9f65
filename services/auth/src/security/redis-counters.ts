import type { Redis } from 'ioredis'
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Clock } from '../domain/clock.ts'
import type { CounterState, Counters, Taken, TakenCount, WantedCount } from '../domain/counter.ts'

const keyPrefix = 'auth'

/** What is given back must still meet the window that it was counted in, however late it arrives. */
const giveBackMarginMs = 5_000

// As rate-limiter-flexible's own, but that nothing is given back to a counter that is not there: it would begin below zero.
const countScript = `
if tonumber(ARGV[1]) < 0 and tonumber(redis.call('get', KEYS[1]) or '0') <= 0 then return {0, 0} end
redis.call('set', KEYS[1], 0, 'EX', ARGV[2], 'NX')
local consumed = redis.call('incrby', KEYS[1], ARGV[1])
return {consumed, redis.call('pttl', KEYS[1])}`

/** Makes counters in Redis or Valkey. Its methods throw what the client throws. */
export function makeRedisCounters(redis: Redis, { now }: Pick<Clock, 'now'>): Counters {
  const limiters = new Map<string, RateLimiterRedis>()
  const getLimiter = ({ limit: points, windowMs }: Pick<WantedCount, 'limit' | 'windowMs'>) => {
    const name = `${points}/${windowMs}`
    const known = limiters.get(name)
    if (known) return known
    const limiter = new RateLimiterRedis({
      storeClient: redis,
      keyPrefix,
      points,
      duration: Math.ceil(windowMs / 1000),
      customIncrTtlLuaScript: countScript,
      rejectIfRedisNotReady: true,
    })
    limiters.set(name, limiter)
    return limiter
  }
  const giveBack = async (taken: readonly TakenCount[]) => {
    const latest = now().getTime() + giveBackMarginMs
    const same = taken.filter(({ windowEndsAt }) => windowEndsAt.getTime() > latest)
    // Whatever its points and duration, a limiter gives back to the key alone.
    await Promise.all(
      same.map(({ key, amount }) => getLimiter({ limit: 1, windowMs: 1000 }).reward(key, amount)),
    )
  }
  return {
    take: async (wanted): Promise<Taken> => {
      const counted = await Promise.all(wanted.map((one) => consume(getLimiter(one), one)))
      const counts = wanted.map(({ key, limit, amount = 1 }, at) => {
        const { consumedPoints: count, msBeforeNext: remainingMs } = counted[at] as RateLimiterRes
        return {
          key,
          limit,
          count,
          amount,
          remainingMs,
          windowEndsAt: new Date(now().getTime() + remainingMs),
        }
      })
      const full = counts.filter(({ count, limit }) => count > limit)
      if (full.length === 0) return { isAllowed: true, taken: counts }
      await giveBack(counts)
      return { isAllowed: false, full }
    },
    giveBack,
    clear: async (keys) => {
      await Promise.all(keys.map((key) => redis.del(`${keyPrefix}:${key}`)))
    },
    list: async (keys) => {
      const states = await Promise.all(keys.map((key) => readState(redis, key)))
      return states.filter(({ count, remainingMs }) => count > 0 && remainingMs > 0)
    },
  }
}

/** What was counted, over the limit too. */
async function consume(limiter: RateLimiterRedis, { key, amount }: WantedCount): Promise<RateLimiterRes> {
  try {
    return await limiter.consume(key, amount)
  } catch (answer) {
    if (answer instanceof RateLimiterRes) return answer
    throw answer
  }
}

async function readState(redis: Redis, key: string): Promise<CounterState> {
  const name = `${keyPrefix}:${key}`
  const [count, remainingMs] = await Promise.all([redis.get(name), redis.pttl(name)])
  return { key, count: Number(count ?? 0), remainingMs }
}
