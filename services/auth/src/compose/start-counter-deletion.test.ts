import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Log } from '../deps.ts'
import { migrate } from '../store/migrate.ts'
import { openPglite } from '../store/pglite.ts'
import { startCounterDeletion } from './start-counter-deletion.ts'

test('ended counters are deleted in small statements, without a pause of a minute between them', async () => {
  const database = await openPglite({})
  await migrate(database)
  const [past, future] = [new Date(Date.now() - 1000), new Date(Date.now() + 60_000)]
  const rows = Array.from({ length: 2500 }, (_, at) => ({ key: `k${at}`, points: 1, expires_at: past }))
  await database.kysely
    .insertInto('rate_counters')
    .values([...rows, { key: 'live', points: 1, expires_at: future }])
    .execute()
  const sleptMs: number[] = []
  const done = Promise.withResolvers<void>()
  const clock = {
    now: () => new Date(),
    monotonicMs: () => 0,
    sleep: async (ms: number, signal?: AbortSignal) => {
      sleptMs.push(ms)
      if (sleptMs.length === 4) done.resolve()
      if (sleptMs.length < 4) await turn()
      else await new Promise((resolve) => signal?.addEventListener('abort', resolve))
    },
  }
  const complain = (_facts: object, message: string) => assert.fail(message)
  const log: Log = { info: complain, warn: complain, error: complain }
  const deletion = startCounterDeletion({ clock, database, log }, () => 0.5)
  await done.promise
  const left = await database.kysely.selectFrom('rate_counters').select('key').execute()
  assert.deepEqual(left, [{ key: 'live' }])
  assert.deepEqual(sleptMs, [60_000, 20, 20, 60_000])
  await deletion.close()
  await database.close()
})
