import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { eventNames, toTopic } from '@immersiverse/auth-contract'
import { Admin, Producer } from '@platformatic/kafka'
import { sql } from 'kysely'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../../tools/parts/test-kafka.ts'
import { readTopics } from '../src/events/kafka-testing.ts'
import { until } from '../src/store/outbox-testing.ts'
import { listAudited } from './list-audited.ts'
import { openTestAuth, toUniqueName } from './open-test-auth.ts'
import { runAuthctl, startAuthctl } from './run-authctl.ts'

async function openOnKafka(t: TestContext) {
  const [database, kafka] = [await openTestDatabase(t), await requireTestKafka(t)]
  if (database === undefined || kafka === undefined) return undefined
  const prefix = toUniqueName('t')
  const kafkaSettings = { KAFKA_BROKERS: kafka.brokers, AUTH_TOPIC_PREFIX: prefix }
  const auth = await openTestAuth({ databaseUrl: database.url, environment: kafkaSettings })
  t.after(() => auth.close())
  const published = async () => {
    const waiting = auth.database.kysely.selectFrom('outbox').select('id').where('published_at', 'is', null)
    await until(async () => (await waiting.execute()).length === 0, 60_000)
  }
  const topics = eventNames.map((name) => toTopic(name, prefix))
  const read = () => readTopics(kafka.brokers, topics)
  const environment = { DATABASE_URL: database.url, ...kafkaSettings }
  const run = (...args: string[]) => runAuthctl(environment, 'events', ...args)
  return { auth, prefix, brokers: kafka.brokers.split(','), published, read, run }
}

/** What `events reconcile --json` finds, and its exit code. */
async function reconcile(run: (...args: string[]) => ReturnType<typeof runAuthctl>, ...args: string[]) {
  const { code, stdout, stderr } = await run('reconcile', '--json', ...args)
  assert.equal(stderr, '')
  const { missing, phantom, changed, outOfOrder, ...counts } = JSON.parse(stdout)
  return { code, missing, phantom, changed, outOfOrder, ...counts }
}

test('tail prints the last events, narrowed by user and topic, a line each or JSON', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const auth = await openTestAuth({ databaseUrl: database.url })
  t.after(() => auth.close())
  const [mina, other] = [await auth.signUp(), await auth.signUp()]
  await auth.logIn(mina)
  await auth.logIn(other)
  const numbered = auth.database.kysely.selectFrom('outbox').select('id').where('pub_seq', 'is not', null)
  await until(async () => (await numbered.execute()).length === 4)
  const tail = async (...args: string[]) => {
    const { code, stdout, stderr } = await runAuthctl(
      { DATABASE_URL: database.url },
      'events',
      'tail',
      ...args,
    )
    assert.deepEqual([code, stderr], [0, ''])
    return stdout.split('\n').filter((line) => line !== '')
  }
  assert.equal((await tail()).length, 4)
  assert.match(
    (await tail('--user', mina.id)).join('\n'),
    /^1 \S+Z user_created .* #1 \{.*\n3 \S+Z login_succeeded .* #2 /,
  )
  const [last, ...more] = await tail('--topic', 'auth.events.login_succeeded', '--lines', '1', '--json')
  const { userId, event, userSequence, data } = JSON.parse(last ?? '')
  assert.deepEqual([userId, event, userSequence, data.userId], [other.id, 'login_succeeded', 2, other.id])
  assert.deepEqual(more, [])
})

test('tail --follow prints events as they come, until it is interrupted', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const auth = await openTestAuth({ databaseUrl: database.url })
  t.after(() => auth.close())
  await auth.signUp()
  const lines: string[] = []
  const child = startAuthctl({ DATABASE_URL: database.url }, 'events', 'tail', '--follow', '--lines', '0')
  t.after(() => child.kill('SIGKILL'))
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  // Where it begins is not said: each of these may be before or after.
  await until(async () => {
    await auth.signUp()
    return lines.length > 0
  }, 30_000)
  const { username } = await auth.signUp()
  await until(() => lines.some((line) => line.includes(username)))
  const numbers = lines.map((line) => Number(line.split(' ')[0]))
  assert.deepEqual(
    numbers,
    numbers.map((_, n) => (numbers[0] ?? 0) + n),
  )
  child.kill('SIGINT')
  assert.deepEqual(await once(child, 'exit'), [0, null])
})

test('replay publishes again what was published, same bytes and numbers, of one user or since a time', async (t) => {
  const opened = await openOnKafka(t)
  if (opened === undefined) return
  const { auth, published, read, run } = opened
  const [mina, other] = [await auth.signUp(), await auth.signUp()]
  await auth.logIn(mina)
  await published()
  const before = await read()
  assert.equal((await run('replay', '--user', mina.id)).stdout, '2 events were published again\n')
  const after = await read()
  const again = after.filter(({ key }) => key === mina.id)
  assert.equal(after.length, before.length + 2)
  const texts = new Set(again.map(({ headers, value }) => JSON.stringify([headers, value])))
  assert.equal(texts.size, 2, 'O5: a repetition is what it repeats')
  assert.equal(after.filter(({ key }) => key === other.id).length, 1)
  const since = new Date(Date.now() - 3_600_000).toISOString()
  assert.deepEqual(JSON.parse((await run('replay', '--since', since, '--json')).stdout), { replayed: 3 })
  assert.deepEqual(JSON.parse((await run('replay', '--since', '2999-01-01', '--json')).stdout), {
    replayed: 0,
  })
  assert.deepEqual((await reconcile(run)).code, 0)
  assert.deepEqual(await listAudited(auth, 'event.%'), [
    `OPERATOR event.replay ${mina.id}`,
    `OPERATOR event.replay since ${since}`,
    'OPERATOR event.replay since 2999-01-01T00:00:00.000Z',
  ])
})

test('replay and reconcile leave to the relay what it has not published', async (t) => {
  const opened = await openOnKafka(t)
  if (opened === undefined) return
  const { auth, published, run } = opened
  const mina = await auth.signUp()
  await published()
  // The relay looks at each number once.
  await sql`update outbox set published_at = null`.execute(auth.database.kysely)
  assert.equal((await run('replay', '--user', mina.id)).stdout, '0 events were published again\n')
  const { code, events, records, phantom } = await reconcile(run)
  assert.deepEqual([code, events, records, phantom], [0, 0, 1, []])
})

test('reconcile finds what is missing, phantom or changed, and --repair publishes what is missing', async (t) => {
  const opened = await openOnKafka(t)
  if (opened === undefined) return
  const { auth, prefix, brokers, published, read, run } = opened
  const mina = await auth.signUp()
  for (const displayName of ['A', 'B', 'C']) await auth.users.updateUser({ userId: mina.id, displayName })
  await auth.logIn(mina)
  await published()
  const clean = await reconcile(run)
  assert.deepEqual([clean.code, clean.events, clean.records, clean.missing], [0, 5, 5, []])
  const recent = await reconcile(run, '--since', new Date(Date.now() - 3_600_000).toISOString())
  assert.deepEqual([recent.code, recent.events, recent.records], [0, 5, 5])
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
  const { code, events, records, phantom: found } = await reconcile(run)
  assert.deepEqual([code, events, records], [1, 1, 4])
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

test('wrong options end with 2, no brokers with 1, each in one line', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const environment = { DATABASE_URL: database.url }
  await runAuthctl(environment, 'migrate')
  const cases: readonly (readonly [code: number, ...args: string[]])[] = [
    [2, 'replay'],
    [2, 'replay', '--user', 'mina'],
    [2, 'replay', '--since', 'soon'],
    [2, 'tail', '--topic', 'user_promoted'],
    [2, 'tail', '--lines', 'x'],
    [1, 'replay', '--since', '2026-01-01'],
    [1, 'reconcile'],
  ]
  for (const [code, ...args] of cases) {
    const ended = await runAuthctl(environment, 'events', ...args)
    assert.deepEqual(
      [ended.code, ended.stdout, ended.stderr.trimEnd().split('\n').length],
      [code, '', 1],
      args.join(' '),
    )
  }
})

async function plantLoss(brokers: string[], topic: string): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: brokers })
  await admin.deleteTopics({ topics: [topic] })
  await until(async () => !(await admin.listTopics({})).includes(topic))
  await admin.close()
}

async function makeTopic(brokers: string[], topic: string): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: brokers })
  await admin.createTopics({ topics: [topic], partitions: 12, replicas: 1 })
  await admin.metadata({ topics: [topic], forceUpdate: true })
  await admin.close()
}

async function produce(
  brokers: string[],
  topic: string,
  key: string,
  value: string,
  headers: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: 'test',
    bootstrapBrokers: brokers,
  })
  const pairs = Object.entries(headers).map(
    ([name, text = '']) => [Buffer.from(name), Buffer.from(text)] as const,
  )
  const message = { topic, key: Buffer.from(key), value: Buffer.from(value), headers: new Map(pairs) }
  await producer.send({ messages: [{ ...message, partition: 0 }], acks: -1 })
  await producer.close(true)
}

test('parked lists what the broker refuses, and retry has it tried at once', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const auth = await openTestAuth({ databaseUrl: database.url })
  t.after(() => auth.close())
  const facts = { pub_seq: 7, reason: 'MESSAGE_TOO_LARGE', retry_at: new Date(Date.now() + 3_600_000) }
  const run = (...args: string[]) => runAuthctl({ DATABASE_URL: database.url }, 'events', ...args)
  assert.equal((await run('parked')).stdout.trim(), 'no key is parked')
  const keys = auth.database.kysely.insertInto('parked_keys')
  await keys.values({ kind: 'STATES', key: 'mina', ...facts }).execute()
  assert.match((await run('parked')).stdout, /mina +state withheld +MESSAGE_TOO_LARGE/)
  assert.match((await run('retry', '--key', 'nobody')).stdout, /nothing is parked/)
  assert.match((await run('retry', '--key', 'mina')).stdout, /^1 will be tried/)
  const [{ retryAt }] = JSON.parse((await run('parked', '--json')).stdout)
  assert.ok(new Date(retryAt).getTime() < Date.now() + 60_000)
})
