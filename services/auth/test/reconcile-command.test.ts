import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { toTopic } from '@immersiverse/auth-contract'
import { sql } from 'kysely'
import { makeTopic, openOnKafka, plantLoss, produce, reconcile } from './events-on-kafka.ts'
import { listAudited } from './list-audited.ts'

test('reconcile finds what is missing, phantom or changed, and --repair publishes what is missing', async (t) => {
  const opened = await openOnKafka(t)
  if (opened === undefined) return
  const { auth, prefix, brokers, published, read, run } = opened
  const mina = await auth.signUp()
  for (const displayName of ['A', 'B', 'C']) await auth.users.updateUser({ userId: mina.id, displayName })
  await auth.logIn(mina)
  await published()
  const clean = await reconcile(run)
  assert.deepEqual([clean.code, clean.events, clean.missing], [0, 5, []])
  assert.ok(clean.records >= 5, 'on a busy machine the relay repeats some')
  const recent = await reconcile(run, '--since', new Date(Date.now() - 3_600_000).toISOString())
  assert.deepEqual([recent.code, recent.events, recent.records], [0, 5, clean.records])
  const future = await reconcile(run, '--since', '2999-01-01')
  assert.deepEqual([future.code, future.events, future.records], [0, 0, 0], 'what is older is not even read')

  const [committed] = (await read()).filter(({ topic }) => topic === toTopic('user_created', prefix))
  await plantLoss(brokers, toTopic('user_updated', prefix))
  const phantomId = randomUUID()
  const headers = { ...committed?.headers, ce_id: phantomId, ce_usersequence: '99', ce_topicprevious: '1' }
  await produce(brokers, toTopic('user_created', prefix), mina.id, '{}', headers)
  await produce(brokers, toTopic('user_created', prefix), mina.id, '{"other":1}', { ...committed?.headers })
  const found = await reconcile(run)
  const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id)
  assert.deepEqual([found.code, found.missing.length, found.repaired], [1, 3, 0])
  assert.deepEqual(ids(found.phantom), [phantomId])
  assert.deepEqual(ids(found.changed), [committed?.headers.ce_id])
  const text = await run('reconcile')
  assert.equal(text.code, 1)
  assert.match(text.stdout, /^3 missing: [\s\S]*^1 phantom: [\s\S]*^--repair publishes what is missing$/m)

  assert.deepEqual(await listAudited(auth, 'event.%'), [])
  assert.equal((await reconcile(run, '--repair')).repaired, 3)
  assert.deepEqual(await listAudited(auth, 'event.%'), ['OPERATOR event.repair'])
  const repaired = await reconcile(run)
  assert.deepEqual([repaired.missing, repaired.outOfOrder], [[], []])
  const updates = (await read()).filter(({ topic }) => topic === toTopic('user_updated', prefix))
  assert.deepEqual(
    updates.map(({ value, headers: { ce_usersequence } }) => [
      JSON.parse(value).displayName,
      ce_usersequence,
    ]),
    [
      ['A', '2'],
      ['B', '3'],
      ['C', '4'],
    ],
  )
})

test('a parked event of long ago makes no phantoms of events that are not kept any more', async (t) => {
  const opened = await openOnKafka(t)
  if (opened === undefined) return
  const { auth, prefix, brokers, published, read, run } = opened
  const [mina, other] = [await auth.signUp(), await auth.signUp()]
  await published()
  await sql`update outbox set published_at = null, occurred_at = now() - interval '10 days'
    where user_id = ${mina.id}`.execute(auth.database.kysely)
  const [committed] = (await read()).filter(({ key }) => key === other.id)
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
  const plant = async (ce_time: string): Promise<string> => {
    const headers = { ...committed?.headers, ce_id: randomUUID(), ce_time }
    await produce(brokers, toTopic('user_created', prefix), other.id, '{}', headers)
    return headers.ce_id
  }
  await plant(daysAgo(8))
  const phantom = await plant(daysAgo(6))
  const { code, events, phantom: found } = await reconcile(run)
  assert.deepEqual([code, events], [1, 1])
  assert.deepEqual(found, [{ id: phantom, topic: toTopic('user_created', prefix), key: other.id }])
})

test('reconcile names what first comes behind a later one of its user', async (t) => {
  const opened = await openOnKafka(t)
  if (opened === undefined) return
  const { auth, prefix, brokers, published, read, run } = opened
  const mina = await auth.signUp()
  for (const displayName of ['A', 'B']) await auth.users.updateUser({ userId: mina.id, displayName })
  await published()
  const topic = toTopic('user_updated', prefix)
  const updates = (await read()).filter((record) => record.topic === topic)
  await plantLoss(brokers, topic)
  assert.equal((await reconcile(run)).missing.length, 2)
  await makeTopic(brokers, topic)
  for (const { value, headers } of updates.toReversed())
    await produce(brokers, topic, mina.id, value, headers)
  const { code, missing, outOfOrder } = await reconcile(run)
  assert.deepEqual([code, missing], [1, []])
  assert.deepEqual(outOfOrder, [{ id: updates[0]?.headers.ce_id, topic, key: mina.id }])
})
