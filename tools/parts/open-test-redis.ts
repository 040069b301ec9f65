import type { TestContext } from 'node:test'
import { openRedis, type RedisPart } from './open-redis.ts'
import { toPartMissing } from './part-missing.ts'

/**
 * A Redis or Valkey of the test `t`, closed after it. Where it cannot be had the test is skipped with the reason and the answer is undefined:
 * `if (redis === undefined) return`.
 */
export async function openTestRedis(t: TestContext): Promise<RedisPart | undefined> {
  const redis = await openRedis().catch((error: unknown) => toPartMissing('Redis', error))
  if ('skipReason' in redis) {
    t.skip(redis.skipReason)
    return undefined
  }
  t.after(() => redis.close())
  return redis
}
