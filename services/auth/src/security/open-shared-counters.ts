import { Redis } from 'ioredis'
import type { Clock } from '../domain/clock.ts'
import type { Counters, TakenCount } from '../domain/counter.ts'
import { makeMemoryCounters } from './memory-counters.ts'
import { makeRedisCounters } from './redis-counters.ts'

/** How to reach Redis or Valkey. */
export interface SharedCountersOptions {
  readonly url: string
  readonly clock: Pick<Clock, 'now'>
  /** Told when it stops answering, with the reason, and when it answers again. What it throws, the question throws. */
  readonly onAnswering: (isAnswering: boolean, error?: unknown) => void
}

/** Counters with an end. */
export interface SharedCounters extends Counters {
  close(): void
}

/** Slower is as good as away: people wait behind it. */
const timeoutMs = 500
const connectTimeoutMs = 2_000

/**
 * Opens counters in Redis or Valkey, and waits for it a little. While it does not answer, this instance counts by itself in memory, with the
 * same limits: nobody is locked out for it, and attackers get at most as many attempts more as there are instances.
 */
export async function openSharedCounters({
  url,
  clock,
  onAnswering,
}: SharedCountersOptions): Promise<SharedCounters> {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: timeoutMs,
    connectTimeout: connectTimeoutMs,
    lazyConnect: true,
    retryStrategy: (attempt) => Math.min(100 * attempt, 2_000),
  })
  // Each command tells by itself what is wrong; without a listener the first fault would end the process.
  redis.on('error', () => undefined)
  // Where it cannot be reached now, the client goes on trying.
  await redis.connect().catch(() => undefined)
  const [shared, own] = [makeRedisCounters(redis, clock), makeMemoryCounters(clock)]
  const takenHere = new WeakSet<TakenCount>()
  let wasAnswering = true
  const tell = (isAnswering: boolean, error?: unknown) => {
    const hasChanged = wasAnswering !== isAnswering
    wasAnswering = isAnswering
    if (hasChanged) onAnswering(isAnswering, error)
  }
  const insure = async <T>(ask: () => Promise<T>, instead: () => Promise<T>): Promise<T> => {
    try {
      const answer = await ask()
      tell(true)
      return answer
    } catch (error) {
      tell(false, error)
      return await instead()
    }
  }
  return {
    take: (wanted) =>
      insure(
        () => shared.take(wanted),
        async () => {
          const answer = await own.take(wanted)
          if (answer.isAllowed) for (const one of answer.taken) takenHere.add(one)
          return answer
        },
      ),
    giveBack: async (taken) => {
      await own.giveBack(taken.filter((one) => takenHere.has(one)))
      const others = taken.filter((one) => !takenHere.has(one))
      // What Redis cannot take back now stays counted.
      if (others.length > 0)
        await insure(
          () => shared.giveBack(others),
          async () => undefined,
        )
    },
    clear: async (keys) => {
      await own.clear(keys)
      await insure(
        () => shared.clear(keys),
        async () => undefined,
      )
    },
    list: (keys) =>
      insure(
        () => shared.list(keys),
        () => own.list(keys),
      ),
    close: () => redis.disconnect(),
  }
}
