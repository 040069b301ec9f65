import assert from 'node:assert/strict'
import { lanes } from '../store/lanes.ts'
import { takeOverLane } from '../store/number-rows.ts'
import {
  insertTestUser,
  listOutbox,
  makeTestWrite,
  origin,
  testInstallation,
  testOnBoth,
  toUserUpdated,
} from '../store/outbox-testing.ts'
import { getStateHeartbeat } from './get-state-heartbeat.ts'

testOnBoth(
  'O8 in a backlog a heartbeat speaks of all that was committed before it, however much comes meanwhile',
  async (t, database) => {
    const userId = await insertTestUser(database)
    const write = (count: number) =>
      makeTestWrite(database)(origin, async (_trx, announce) => {
        for (let n = 0; n < count; n += 1) await announce(toUserUpdated(userId))
      })
    await write(45)
    const session = (await database.findLeaderSession('relay')) ?? assert.fail()
    t.after(() => session.close())
    const leadership = await database.transaction((trx) => takeOverLane(trx, lanes.events, testInstallation))
    const coming: Promise<unknown>[] = []
    const before = new Date()
    const beat = await getStateHeartbeat(session.kysely, {
      batchSize: 1,
      lane: lanes.events,
      leadership,
      numbered: { wake: () => undefined, wait: async () => false },
      onNumbered: () => void coming.push(write(10)),
      settled: { position: 0 },
    })
    await Promise.all(coming)
    assert.ok(beat.hi >= 45, `up to ${beat.hi}`)
    assert.ok(beat.asOf.getTime() >= before.getTime() - 1)
    const numbers = (await listOutbox(database)).slice(0, 45).map((row) => row.pub_seq)
    assert.deepEqual(
      numbers,
      Array.from({ length: 45 }, (_, at) => at + 1),
    )
  },
)
