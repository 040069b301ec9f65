import assert from 'node:assert/strict'
import type { UserId } from '../domain/ids.ts'
import { insertTestUser, testOnBoth, until } from '../store/outbox-testing.ts'
import { listParkedKeys, retryParkedKeys } from '../store/parked-keys.ts'
import { makeMemorySink, openTestRelay, silentLog } from './testing.ts'
import { assertNeverOlder, change, isState, makeStateSink } from './user-state-testing.ts'

testOnBoth(
  'a state that is refused for good is withheld: others and heartbeats go on, and no older one stands for it',
  async (t, database) => {
    const users = await Promise.all(Array.from({ length: 9 }, () => insertTestUser(database)))
    const refused = users[5] ?? assert.fail()
    const stateSink = makeStateSink()
    const alerts: string[] = []
    const log = { ...silentLog, error: (_facts: object, message: string) => void alerts.push(message) }
    const relay = openTestRelay(t, database, makeMemorySink(), {
      stateSink,
      log,
      parkTimes: { firstMs: 3_600_000, longestMs: 3_600_000 },
    })
    await until(() => stateSink.written.some((record) => !isState(record)))
    stateSink.refuses = ({ isWithheld, user, userId }) =>
      userId === refused && user !== undefined && isWithheld !== true
    await Promise.all(users.map((userId) => change(database, userId, 'x'.repeat(10))))
    const last = (userId: UserId) =>
      stateSink.written.filter(isState).findLast((state) => state.userId === userId)
    await until(() => users.every((userId) => last(userId)?.version === 2))
    assert.deepEqual(
      users.filter((userId) => last(userId)?.isWithheld === true),
      [refused],
    )
    assert.equal(alerts.length, 1)
    assert.equal(relay.status().withheldStates, 1)
    const beats = () => stateSink.written.filter((record) => !isState(record)).length
    const before = beats()
    await until(() => beats() > before + 1)
    assert.equal((await listParkedKeys(database.kysely, 'STATES'))[0]?.key, refused)
    assert.deepEqual(await listParkedKeys(database.kysely), [])
    stateSink.refuses = () => false
    assert.equal(await retryParkedKeys(database.kysely, refused), 1)
    await until(() => last(refused)?.isWithheld === undefined)
    await until(() => relay.status().withheldStates === 0)
    assert.equal(last(refused)?.user?.displayName, 'x'.repeat(10))
    assertNeverOlder(stateSink.written)
  },
)
