import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Redis } from 'ioredis'
import { createTestDatabase } from '../../../../tools/parts/create-test-database.ts'
import { openRedis } from '../../../../tools/parts/open-redis.ts'
import { toPartMissing } from '../../../../tools/parts/part-missing.ts'
import { openModelInRealTime } from '../../../../tools/simulate/model-database/testing.ts'
import type { Counters, WantedCount } from '../domain/counter.ts'
import { migrate } from '../store/migrate.ts'
import { openPglite } from '../store/pglite.ts'
import { openPostgres } from '../store/postgres.ts'
import { makeDatabaseCounters } from './database-counters.ts'
import { makeMemoryCounters } from './memory-counters.ts'
import { makeRedisCounters } from './redis-counters.ts'

interface Opened {
  readonly counters: Counters
  close(): Promise<void>
}

const clock = { now: () => new Date() }
const redis = await openRedis().catch((error: unknown) => toPartMissing('Redis', error))
const postgres = await createTestDatabase()

function describeCounters(title: string, open: () => Promise<Opened>, skip: string | false = false): void {
  describe(title, { skip }, () => {
    let opened: Opened
    let number = 0
    before(async () => {
      opened = await open()
    })
    after(() => opened.close())
    const toWanted = (key: string, limit = 3): WantedCount => ({ key, limit, windowMs: 600_000 })
    const take = async (...wanted: WantedCount[]) => (await opened.counters.take(wanted)).isAllowed
    const newKey = () => {
      number += 1
      return `k${number}`
    }

    test('as many as the limit are allowed, and the next is told how long to wait', async () => {
      const wanted = toWanted(newKey())
      for (const count of [1, 2, 3]) {
        const answer = await opened.counters.take([wanted])
        assert.ok(answer.isAllowed)
        assert.deepEqual(
          answer.taken.map((one) => [one.key, one.count]),
          [[wanted.key, count]],
        )
      }
      const refused = await opened.counters.take([wanted])
      assert.ok(!refused.isAllowed)
      const [full, ...others] = refused.full
      assert.deepEqual([full?.key, others], [wanted.key, []])
      assert.ok(full && full.remainingMs > 590_000 && full.remainingMs <= 600_000)
    })

    test('of many at once exactly as many as the limit are allowed', async () => {
      const wanted = toWanted(newKey(), 10)
      const answers = await Promise.all(Array.from({ length: 60 }, () => take(wanted)))
      assert.equal(answers.filter(Boolean).length, 10)
      assert.deepEqual(
        (await opened.counters.list([wanted.key])).map(({ count }) => count),
        [10],
      )
    })

    test('where one counter is full nothing is counted in the others', async () => {
      const [full, other] = [toWanted(newKey(), 1), toWanted(newKey(), 1)]
      assert.equal(await take(full), true)
      assert.equal(await take(other, full), false)
      assert.equal(await take(other), true)
    })

    test('what is given back can be taken again, once', async () => {
      const wanted = toWanted(newKey(), 1)
      const answer = await opened.counters.take([wanted])
      assert.ok(answer.isAllowed)
      await opened.counters.giveBack(answer.taken)
      await opened.counters.giveBack(answer.taken)
      assert.equal(await take(wanted), true)
      assert.equal(await take(wanted), false)
    })

    test('several are taken at once or none, and given back as many', async () => {
      const wanted = toWanted(newKey(), 5)
      const count = async () => (await opened.counters.list([wanted.key]))[0]?.count
      const answer = await opened.counters.take([{ ...wanted, amount: 4 }])
      assert.ok(answer.isAllowed)
      assert.deepEqual([answer.taken[0]?.count, answer.taken[0]?.amount], [4, 4])
      assert.equal(await take({ ...wanted, amount: 2 }), false)
      assert.equal(await count(), 4)
      assert.equal(await take(wanted), true)
      await opened.counters.giveBack(answer.taken)
      assert.equal(await count(), 1)
    })

    test('what was cleared is not given back to the window after it', async () => {
      const wanted = toWanted(newKey(), 1)
      const answer = await opened.counters.take([wanted])
      assert.ok(answer.isAllowed)
      await opened.counters.clear([wanted.key])
      await opened.counters.giveBack(answer.taken)
      assert.deepEqual(await opened.counters.list([wanted.key]), [])
      assert.equal(await take(wanted), true)
      assert.equal(await take(wanted), false)
    })
  })
}

describeCounters('Counters, embedded', async () => {
  const database = await openPglite({})
  await migrate(database)
  return { counters: makeDatabaseCounters(database), close: () => database.close() }
})

describeCounters('Counters, model of PostgreSQL', async () => {
  const { database } = openModelInRealTime()
  return { counters: makeDatabaseCounters(database), close: () => database.close() }
})

describeCounters(
  'Counters, PostgreSQL',
  async () => {
    assert.ok('url' in postgres)
    const database = openPostgres({ url: postgres.url, poolSize: 20, onError: () => undefined })
    await migrate(database)
    const close = async () => {
      await database.close()
      await postgres.close()
    }
    return { counters: makeDatabaseCounters(database), close }
  },
  'skipReason' in postgres && postgres.skipReason,
)

describeCounters(
  'Counters, Redis',
  async () => {
    assert.ok('url' in redis)
    const client = new Redis(redis.url, { lazyConnect: true })
    await client.connect()
    const close = async () => {
      client.disconnect()
      await redis.close()
    }
    return { counters: makeRedisCounters(client, clock), close }
  },
  'skipReason' in redis && redis.skipReason,
)

describeCounters('Counters, in memory', async () => {
  return { counters: makeMemoryCounters(clock), close: async () => undefined }
})

test('counters in memory begin a new window when theirs has ended', async () => {
  let nowMs = 0
  const counters = makeMemoryCounters({ now: () => new Date(nowMs) })
  const wanted = [{ key: 'k', limit: 1, windowMs: 1000 }]
  const first = await counters.take(wanted)
  assert.ok(first.isAllowed)
  nowMs = 999
  const refused = await counters.take(wanted)
  assert.ok(!refused.isAllowed)
  assert.deepEqual(
    refused.full.map(({ key, remainingMs }) => [key, remainingMs]),
    [['k', 1]],
  )
  nowMs = 1000
  assert.ok((await counters.take(wanted)).isAllowed)
  await counters.giveBack(first.taken)
  assert.ok(!(await counters.take(wanted)).isAllowed)
})
