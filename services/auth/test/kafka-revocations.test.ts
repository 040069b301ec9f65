import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'
import { ConfigResourceTypes } from '@platformatic/kafka'
import { sql } from 'kysely'
import { until } from '../src/store/outbox-testing.ts'
import { getDatabaseTime } from '../src/store/revocations.ts'
import { type Followed, follow, logOutNew, makeTestSource } from './follow-revocations.ts'
import { endTerm, openRevocationParts, type RevocationParts } from './revocation-parts.ts'
import { openRevocationWriter, type RevocationWriter, readRevocationRecords } from './revocation-records.ts'

interface FollowedParts extends RevocationParts {
  readonly writer: RevocationWriter
  readonly followed: Followed
}

/** A service on Kafka and a follower that is FRESH. */
async function openFollowed(t: TestContext): Promise<FollowedParts | undefined> {
  const parts = await openRevocationParts(t, 'kafka')
  if (parts === undefined) return undefined
  const followed = follow(t, parts.from)
  await followed.untilFresh()
  return { ...parts, followed, writer: openRevocationWriter(t, parts.brokers, parts.topic) }
}

/** A revocation that is made now gets to the follower, which is FRESH then. */
async function assertFollows({ auth, followed }: Pick<FollowedParts, 'auth' | 'followed'>): Promise<void> {
  const { sessionId } = await logOutNew(auth)
  await followed.untilRevoked(sessionId)
  await followed.untilFresh()
}

for (const encoding of ['json', 'protobuf'] as const) {
  test(`${encoding}: the topic has one partition in order, entries without gaps and a heartbeat every 500 ms behind them`, async (t) => {
    const parts = await openRevocationParts(t, 'kafka', { AUTH_EVENT_ENCODING: encoding })
    if (parts === undefined) return
    const { auth, brokers, topic } = parts
    const { admin } = openRevocationWriter(t, brokers, topic)
    const followed = follow(t, parts.from)
    await followed.untilFresh()
    const acknowledged = new Map<string, Date>()
    for (let n = 0; n < 20; n += 1) {
      const { sessionId } = await logOutNew(auth)
      acknowledged.set(sessionId, await getDatabaseTime(auth.database.kysely))
    }
    const last = await getDatabaseTime(auth.database.kysely)
    const read = () => readRevocationRecords(brokers, topic)
    await until(async () => (await read()).some(({ heartbeat }) => heartbeat && heartbeat.asOf > last))
    const records = await read()
    assert.deepEqual(
      records.flatMap(({ revocation }) => revocation?.rseq ?? []),
      Array.from({ length: 20 }, (_, at) => at + 1),
    )
    const seen = new Map<string, number>()
    for (const { heartbeat, revocation } of records) {
      if (revocation) seen.set(revocation.subject, revocation.rseq)
      if (!heartbeat) continue
      assert.equal(heartbeat.intervalMs, 500)
      for (const [sessionId, at] of acknowledged) {
        if (at > heartbeat.asOf) continue
        assert.ok((seen.get(sessionId) ?? Number.NaN) <= heartbeat.rseqHi, 'O8: before as_of, and not there')
      }
    }
    const [entry] = records.filter(({ revocation }) => revocation)
    const { 'content-type': contentType, ce_id, ce_time, ce_epoch, ...fixed } = entry?.headers ?? {}
    assert.equal(contentType, `application/${encoding}`)
    assert.ok(ce_id && ce_time && ce_epoch)
    assert.deepEqual(fixed, {
      ce_specversion: '1.0',
      ce_source: 'http://localhost:8080',
      ce_type: 'auth.events.token_blacklist',
      ce_subject: entry?.revocation?.subject,
      ce_dataschema: 'urn:immersiverse:auth.v1.Revocation',
    })
    const beats = records.flatMap(({ heartbeat }) => heartbeat?.asOf.getTime() ?? [])
    const apart = beats.slice(1).map((at, n) => at - (beats[n] ?? 0))
    assert.ok(
      apart.every((ms) => ms > 250),
      `heartbeats ${apart} ms apart`,
    )
    const metadata = await admin.metadata({ topics: [topic] })
    assert.equal(metadata.topics.get(topic)?.partitionsCount, 1)
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic }
    const configurationKeys = ['cleanup.policy', 'retention.ms']
    const [described] = await admin.describeConfigs({ resources: [{ ...resource, configurationKeys }] })
    const policy = Object.fromEntries(described?.configs.map(({ name, value }) => [name, value]) ?? [])
    assert.deepEqual(policy, { 'cleanup.policy': 'delete', 'retention.ms': String(30 * 86_400_000) })
  })
}

test('what was numbered and not marked is published again by the next leader, and repetitions change nothing', async (t) => {
  const parts = await openFollowed(t)
  if (parts === undefined) return
  const { auth, brokers, followed, topic } = parts
  const snapshots = followed.snapshots()
  for (let n = 0; n < 5; n += 1) await assertFollows(parts)
  const markedUpTo = async () => {
    const { rows } = await sql<{
      published_up_to: number
    }>`select published_up_to from lanes where lane = 1`.execute(auth.database.kysely)
    return rows[0]?.published_up_to
  }
  await until(async () => (await markedUpTo()) === 5)
  const { entries, term = 0 } = followed.follower.status()
  await endTerm(auth)
  await sql`update lanes set published_up_to = 2 where lane = 1`.execute(auth.database.kysely)
  await until(() => (followed.follower.status().term ?? 0) > term)
  await followed.untilFresh()
  const records = await readRevocationRecords(brokers, topic)
  const numbers = records.flatMap(({ revocation }) => revocation?.rseq ?? [])
  assert.deepEqual(numbers, [1, 2, 3, 4, 5, 3, 4, 5])
  assert.equal(followed.follower.status().entries, entries)
  assert.equal(await markedUpTo(), 5)
  await assertFollows(parts)
  assert.deepEqual(followed.doubts, [])
  assert.equal(followed.snapshots(), snapshots)
})

for (const [title, value, headers] of [
  ['of no type', '{}', {}],
  ['of another type', '{}', { 'content-type': 'application/json', ce_type: 'auth.events.user_created' }],
  ['that is no JSON', '{', { 'content-type': 'application/json', ce_type: 'auth.events.token_blacklist' }],
  [
    'of a revocation type that is not known',
    '{"rseq":"1","subject":"s","type":"REVOCATION_TYPE_NEW"}',
    { 'content-type': 'application/json', ce_type: 'auth.events.token_blacklist' },
  ],
] as const) {
  test(`a record ${title} is doubted, once, and everything is read anew`, async (t) => {
    const parts = await openFollowed(t)
    if (parts === undefined) return
    const { followed, writer } = parts
    await assertFollows(parts)
    const snapshots = followed.snapshots()
    await writer.sendRaw(value, headers)
    await until(() => followed.doubts.length > 0)
    assert.notEqual(followed.follower.status().state, 'FRESH')
    await followed.untilFresh()
    await assertFollows(parts)
    assert.deepEqual(followed.doubts, ['UNREADABLE_RECORD'])
    assert.equal(followed.snapshots(), snapshots + 1)
  })
}

test('a record that its reader refuses is doubted once, not given again and again', async (t) => {
  const parts = await openFollowed(t)
  if (parts === undefined) return
  const { followed, writer } = parts
  await assertFollows(parts)
  const { epoch = '', rseq, term = 0 } = followed.follower.status()
  const asOf = timestampFromDate(new Date())
  await writer.sendHeartbeat({ epoch, term: BigInt(term), rseqHi: BigInt(rseq + 5), asOf })
  await until(() => followed.doubts.length > 0)
  await followed.untilFresh()
  await assertFollows(parts)
  assert.deepEqual(followed.doubts, ['GAP'])
})

test("an older leader's heartbeats neither make fresh nor are a reason for doubt", async (t) => {
  const parts = await openFollowed(t)
  if (parts === undefined) return
  const { auth, followed, writer } = parts
  await endTerm(auth)
  await until(() => followed.follower.status().term === 2)
  const { epoch = '', rseq } = followed.follower.status()
  await writer.sendHeartbeat({
    epoch,
    term: 1n,
    rseqHi: BigInt(rseq + 7),
    asOf: timestampFromDate(new Date()),
  })
  await assertFollows(parts)
  assert.deepEqual(followed.doubts, [])
  await auth.service.close(0)
  await until(async () => {
    const asOf = timestampFromDate(new Date())
    await writer.sendHeartbeat({ epoch, term: 1n, rseqHi: BigInt(rseq + 1), asOf })
    return followed.follower.status().state === 'STALE'
  })
  // The same word of the last term is believed: the loop above ended for its term alone.
  await writer.sendHeartbeat({
    epoch,
    term: 2n,
    rseqHi: BigInt(rseq + 1),
    asOf: timestampFromDate(new Date()),
  })
  await until(() => followed.follower.status().state === 'FRESH')
})

test('a topic that is deleted and made anew is doubted, and everything is read anew', async (t) => {
  const parts = await openFollowed(t)
  if (parts === undefined) return
  const { followed, topic, writer } = parts
  await assertFollows(parts)
  await writer.admin.deleteTopics({ topics: [topic] })
  await until(() => followed.doubts.length > 0)
  await followed.untilFresh()
  await assertFollows(parts)
  assert.ok(followed.doubts.includes('OUT_OF_RANGE'), followed.doubts.join())
})

for (const [title, forget] of [
  ['a place that is no longer kept', deleteRecords],
  ['a topic that was made anew while its reader was away', remake],
] as const) {
  test(`${title} is doubted, never passed over`, async (t) => {
    const parts = await openFollowed(t)
    if (parts === undefined) return
    const { auth, brokers, followed, from, topic, writer } = parts
    const source = makeTestSource(from)
    const { epoch, rseqHi } = await source.status(AbortSignal.timeout(5000))
    const place = { epoch, afterRseq: rseqHi }
    const cut = new AbortController()
    const first = source.watch(place, cut.signal)[Symbol.asyncIterator]()
    await first.next()
    const second = first.next()
    cut.abort()
    await second.catch(() => undefined)
    const { sessionId } = await logOutNew(auth)
    const isThere = async () =>
      (await readRevocationRecords(brokers, topic)).some(
        ({ revocation }) => revocation?.subject === sessionId,
      )
    await until(isThere)
    await forget(writer, topic, brokers)
    await followed.untilFresh()
    const resumed = source.watch(place, AbortSignal.timeout(20_000))[Symbol.asyncIterator]()
    await assert.rejects(resumed.next(), { name: 'RevocationDoubt', doubt: 'OUT_OF_RANGE' })
  })
}

/** Deletes all that stands on the topic now. */
async function deleteRecords({ admin }: RevocationWriter, topic: string): Promise<void> {
  await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: -1n }] }] })
}

/** Deletes the topic, and waits until the service has made it again and as many records stand on it as before. */
async function remake({ admin }: RevocationWriter, topic: string, brokers: string): Promise<void> {
  const readId = async () => {
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true })
    return topics.get(topic)?.id
  }
  const count = async () => (await readRevocationRecords(brokers, topic)).length
  const [before, records] = [await readId(), await count()]
  await admin.deleteTopics({ topics: [topic] })
  await until(async () => ![before, undefined].includes(await readId().catch(() => undefined)))
  await until(async () => (await count().catch(() => 0)) >= records, 60_000)
}
