import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { toUserStateTopic } from '@immersiverse/auth-contract'
import { Admin, Producer } from '@platformatic/kafka'
import pg from 'pg'
import { openTestDatabase } from '../../../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../../../tools/parts/test-kafka.ts'
import type { PartitionRecord } from '../events/partition-record.ts'
import { type RevocationSource, systemClock } from '../verifier/index.ts'
import { makePostgresUserProjection } from './make-postgres-user-projection.ts'
import { openUserFollowing, type UserFollowing } from './open-user-following.ts'
import { makeBeat, makeState, makeStateRecord, toId } from './test/make-state-records.ts'

const hourMs = 3_600_000

/** A topic of users that the test writes, and a table that follows it; undefined where a part is missing. */
async function openWorld(t: TestContext) {
  const [database, kafka] = [await openTestDatabase(t), await requireTestKafka(t)]
  if (database === undefined || kafka === undefined) return undefined
  const options = { brokers: kafka.brokers.split(','), topicPrefix: `t${randomUUID()}` }
  const topic = toUserStateTopic(options.topicPrefix)
  const client = { clientId: 'test', bootstrapBrokers: options.brokers }
  const [admin, producer] = [new Admin(client), new Producer<Buffer, Buffer, Buffer, Buffer>(client)]
  t.after(() => Promise.all([admin.close(), producer.close()]))
  const create = (partitions: number) => admin.createTopics({ topics: [topic], partitions, replicas: 1 })
  await create(2)
  const pool = new pg.Pool({ connectionString: database.url, max: 4 })
  pool.on('error', () => undefined)
  const followings: UserFollowing[] = []
  // In this order: a pool ends when its connections are back.
  t.after(async () => {
    await Promise.all(followings.map((one) => one.close()))
    await pool.end()
  })
  const into = makePostgresUserProjection({ pool })
  await into.create(pool)
  const now = { epoch: 'e1', databaseTime: new Date() }
  const status = async () => now as Awaited<ReturnType<RevocationSource['status']>>
  const logger = { warn: () => undefined, error: () => undefined }
  const follow = () => {
    const parts = {
      into,
      kafka: options,
      status,
      logger,
      clock: systemClock,
      running: new Set<AsyncDisposable>(),
    }
    const following = openUserFollowing(parts)
    followings.push(following)
    return following
  }
  const send = (partition: number, ...records: PartitionRecord[]) =>
    producer.send({
      messages: records.map(({ headers, key, value }) => ({
        ...{ topic, partition, key: key as Buffer, headers: new Map(headers as [Buffer, Buffer][]) },
        ...(value === null ? {} : { value }),
      })),
    })
  /** A heartbeat on each partition, of the present moment. */
  const beat = async (epoch: string, partitions = 2) => {
    for (let partition = 0; partition < partitions; partition++) {
      await send(partition, makeBeat(new Date(), { epoch }))
    }
  }
  /** Heartbeats come again and again, as the relay's do. */
  const complete = (following: UserFollowing) =>
    waitUntil(async () => {
      await beat('e1')
      return following.status().asOf !== undefined && following.status().state === 'following'
    })
  const read = async () =>
    (await pool.query('select id, version, status from auth_users order by id')).rows.map(
      ({ id, version, status }) => [id, Number(version), status],
    )
  const readState = async () =>
    (await pool.query('select epoch, list::integer, is_complete from auth_users_state')).rows[0]
  const remake = async (partitions: number) => {
    await admin.deleteTopics({ topics: [topic] })
    await waitUntil(() =>
      create(partitions).then(
        () => true,
        () => false,
      ),
    )
  }
  return { follow, send, beat, complete, read, readState, remake, now }
}

/** Resolves when the condition holds; fails after 30 s. */
async function waitUntil(condition: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 30_000
  while (!(await condition())) {
    if (performance.now() > endMs) assert.fail(`timed out: ${condition}`)
    await sleep(20)
  }
}

const of = (epoch: string) => ({ epoch })

test('a new epoch is taken up when the database says so; until then its records do not count', async (t) => {
  const world = await openWorld(t)
  if (world === undefined) return
  const { beat, complete, follow, now, read, readState, send } = world
  await send(0, makeState(1, 5, of('e1')), makeState(2, 5, of('e1')))
  await send(1, makeState(3, 5, of('e1')))
  await beat('e1')
  const following = follow()
  await complete(following)
  const first = [1, 2, 3].map((n) => [toId(n), 5, 'ACTIVE'])
  assert.deepEqual(await read(), first)

  await send(0, makeState(1, 2, of('e2')))
  await send(1, makeState(3, 9, of('e2')))
  await beat('e2')
  await send(0, makeState(4, 1, of('e1')))
  await waitUntil(async () => (await read()).length === 4)
  assert.deepEqual((await read()).slice(0, 3), first)
  assert.deepEqual(await readState(), { epoch: 'e1', list: 1, is_complete: true })

  now.epoch = 'e2'
  await waitUntil(async () => {
    await beat('e2')
    return (await readState()).epoch === 'e2' && (await readState()).is_complete
  })
  assert.deepEqual(await read(), [
    [toId(1), 2, 'ACTIVE'],
    [toId(2), 5, 'DELETED'],
    [toId(3), 9, 'ACTIVE'],
    [toId(4), 1, 'DELETED'],
  ])
  assert.equal((await readState()).list, 2)
})

test('who comes back soon goes on; after half a day users are listed anew, for deletions may be forgotten', async (t) => {
  const world = await openWorld(t)
  if (world === undefined) return
  const { beat, complete, follow, now, read, readState, send } = world
  await send(0, makeState(1, 1, of('e1')))
  await beat('e1')
  const first = follow()
  await complete(first)
  await first.close()
  assert.equal(first.status().state, 'closed')
  await send(0, makeState(1, 2, of('e1')))
  await send(1, makeStateRecord(toId(2), null, 3, 'e1'))
  now.databaseTime = new Date(Date.now() + 11 * hourMs)
  const second = follow()
  await waitUntil(async () => (await read()).length === 2)
  await complete(second)
  assert.deepEqual(await read(), [
    [toId(1), 2, 'ACTIVE'],
    [toId(2), 3, 'DELETED'],
  ])
  assert.equal((await readState()).list, 1)
  await second.close()
  now.databaseTime = new Date(Date.now() + 13 * hourMs)
  follow()
  await waitUntil(async () => (await readState()).list === 2)
  await waitUntil(async () => {
    await beat('e1')
    return (await readState()).is_complete
  })
  assert.equal((await read()).length, 2)
})

test('a topic that was made anew, with more partitions, is read from its beginning; what it does not name goes at the end', async (t) => {
  const world = await openWorld(t)
  if (world === undefined) return
  const { beat, complete, follow, read, readState, remake, send } = world
  await send(0, makeState(1, 1, of('e1')), makeState(2, 1, of('e1')))
  await beat('e1')
  const following = follow()
  await complete(following)
  await remake(3)
  // Brokers hear of a topic one after the other.
  await waitUntil(() =>
    send(2, makeState(1, 2, of('e1'))).then(
      () => true,
      () => false,
    ),
  )
  await waitUntil(async () => (await read())[0]?.[1] === 2)
  assert.deepEqual((await read())[1], [toId(2), 1, 'ACTIVE'])
  await waitUntil(async () => {
    await beat('e1', 3)
    return (await readState()).is_complete
  })
  assert.deepEqual((await read())[1], [toId(2), 1, 'DELETED'])
})
