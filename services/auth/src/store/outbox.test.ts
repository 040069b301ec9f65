import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fromBinary } from '@bufbuild/protobuf'
import { LoginFailureReason, UserUpdatedSchema } from '@immersiverse/auth-contract'
import type { LoginFailedEvent } from '../domain/events.ts'
import type { UserId } from '../domain/ids.ts'
import { appendEvent } from './append-event.ts'
import {
  insertTestUser,
  listOutbox,
  makeTestWrite,
  origin,
  testOnBoth,
  testWriteOptions,
  toLoginSucceeded,
  toUserUpdated,
} from './outbox-testing.ts'
import { makeWrite } from './write.ts'

testOnBoth('O1 an event exists if its change committed', async (_t, database) => {
  let wakes = 0
  const write = makeTestWrite(database, () => {
    wakes += 1
  })
  const userId = await insertTestUser(database)
  const result = await write({ ...origin, traceparent: '00-1-2-01' }, async (trx, announce) => {
    await trx.updateTable('users').set({ version: 2 }).where('id', '=', userId).execute()
    await announce(toUserUpdated(userId))
    return 'done'
  })
  assert.equal(result, 'done')
  assert.equal(wakes, 1)
  const [row] = await listOutbox(database)
  assert.equal(row?.event, 'user_updated')
  assert.equal(row?.key, userId)
  assert.equal(row?.user_sequence, 1)
  assert.equal(row?.traceparent, '00-1-2-01')
  assert.equal(row?.content_type, 'application/json')
  assert.deepEqual(JSON.parse(Buffer.from(row?.data ?? []).toString()), {
    userId,
    userVersion: '2',
    username: '',
    displayName: '',
    status: 'USER_STATUS_UNSPECIFIED',
    roles: [],
    subscriptionTier: '',
    changedFields: ['roles'],
  })
})

testOnBoth(
  'O1 an event of a change that was rolled back does not exist, and leaves no gap',
  async (_t, database) => {
    let wakes = 0
    const write = makeTestWrite(database, () => {
      wakes += 1
    })
    const userId = await insertTestUser(database)
    const refused = write(origin, async (_trx, announce) => {
      await announce(toUserUpdated(userId))
      throw new Error('no')
    })
    await assert.rejects(refused, /^Error: no$/)
    assert.equal(wakes, 0)
    await write(origin, (_trx, announce) => announce(toUserUpdated(userId)))
    const rows = await listOutbox(database)
    assert.deepEqual(
      rows.map((row) => row.user_sequence),
      [1],
    )
  },
)

testOnBoth(
  '50 concurrent transactions give a user gapless numbers, in the order of positions',
  async (_t, database, adapter) => {
    const write = makeTestWrite(database)
    const userId = await insertTestUser(database)
    await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        write(origin, async (_trx, announce) => {
          await announce(toUserUpdated(userId))
          if (n % 3 === 0) await announce(toLoginSucceeded(userId))
          if (adapter !== 'PGlite') await sleep(n % 7)
          if (n % 5 === 4) throw new Error('rolled back')
        }).catch(() => undefined),
      ),
    )
    const rows = await listOutbox(database)
    assert.deepEqual(
      rows.map((row) => row.user_sequence),
      rows.map((_, at) => at + 1),
    )
    const lastOn = new Map<string, number>()
    for (const row of rows) {
      assert.equal(row.topic_previous, lastOn.get(row.event) ?? null)
      lastOn.set(row.event, row.user_sequence ?? 0)
    }
  },
)

testOnBoth(
  'events of several users at once have the numbers and the order that they would have alone',
  async (_t, database) => {
    const [one, other] = [await insertTestUser(database), await insertTestUser(database)]
    const write = makeTestWrite(database)
    await write(origin, (_trx, announce) => announce(toUserUpdated(one)))
    await write(origin, (_trx, announce) => announce(toLoginSucceeded(other), toUserUpdated(one)))
    await write(origin, (_trx, announce) => announce(toUserUpdated(other), toUserUpdated(one)))
    assert.deepEqual(
      (await listOutbox(database)).map((row) => [
        row.user_id,
        row.event,
        row.user_sequence,
        row.topic_previous,
      ]),
      [
        [one, 'user_updated', 1, null],
        [other, 'login_succeeded', 1, null],
        [one, 'user_updated', 2, 1],
        [other, 'user_updated', 2, null],
        [one, 'user_updated', 3, 2],
      ],
    )
    const [first, second] = await listOutbox(database)
    assert.equal(second?.key, other)
    assert.equal(second?.content_type, first?.content_type)
  },
)

testOnBoth(
  'several events at once, one of them of a user twice or unknown, write nothing',
  async (_t, database) => {
    const userId = await insertTestUser(database)
    const write = makeTestWrite(database)
    for (const second of [userId, randomUUID() as UserId]) {
      await assert.rejects(
        write(origin, (_trx, announce) => announce(toUserUpdated(userId), toUserUpdated(second))),
        /2 events were to be written, 1 were/,
      )
    }
    assert.deepEqual(await listOutbox(database), [])
  },
)

testOnBoth('a refused login has the hash as its key and no number', async (_t, database) => {
  const userId = await insertTestUser(database)
  const event = (id: string): LoginFailedEvent => ({
    name: 'login_failed',
    key: 'hash',
    data: { userId: id, reason: LoginFailureReason.WRONG_PASSWORD, identifierHash: 'hash' },
  })
  await makeTestWrite(database)(origin, async (_trx, announce) => {
    await announce(event(userId))
    await announce(event(''))
  })
  const rows = await listOutbox(database)
  assert.deepEqual(
    rows.map(({ key, user_id, user_sequence, topic_previous }) => [
      key,
      user_id,
      user_sequence,
      topic_previous,
    ]),
    [
      ['hash', userId, null, null],
      ['hash', null, null, null],
    ],
  )
})

testOnBoth('the encoding may be protobuf', async (_t, database) => {
  const userId = await insertTestUser(database)
  const write = makeWrite({ ...testWriteOptions, database, encoding: 'protobuf' })
  await write(origin, (_trx, announce) => announce(toUserUpdated(userId)))
  const [row] = await listOutbox(database)
  assert.equal(row?.content_type, 'application/protobuf')
  assert.equal(fromBinary(UserUpdatedSchema, row?.data ?? new Uint8Array()).userId, userId)
})

testOnBoth(
  'an event that is too large, or of a user without a sequence, fails its transaction',
  async (_t, database) => {
    const userId = await insertTestUser(database)
    const options = { encoding: 'json', id: randomUUID() } as const
    const displayName = 'x'.repeat(256 * 1024)
    await assert.rejects(
      database.transaction((trx) =>
        appendEvent(trx, { name: 'user_updated', userId, data: { displayName } }, options),
      ),
      /limit is 262144/,
    )
    const nobody = randomUUID() as UserId
    await assert.rejects(
      database.transaction((trx) => appendEvent(trx, toUserUpdated(nobody), options)),
      /no row in user_sequences/,
    )
    assert.deepEqual(await listOutbox(database), [])
  },
)
