import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fromJsonString } from '@bufbuild/protobuf'
import { eventCatalogue, eventNames, toDataSchema, toEventType, toTopic } from '@immersiverse/auth-contract'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../../tools/parts/test-kafka.ts'
import { until } from '../src/store/outbox-testing.ts'
import { findKcatSkip, type KcatRecord, readWithKcat } from './kafka-reader.ts'
import { liveThrough, openLivedPlatform, traceparent } from './live-through.ts'
import { openTestAuth, type TestAuth, toUniqueName } from './open-test-auth.ts'

const skip = await findKcatSkip()
const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

async function openOnKafka(t: TestContext) {
  const [database, kafka] = [await openTestDatabase(t), await requireTestKafka(t)]
  if (database === undefined || kafka === undefined) return undefined
  const prefix = toUniqueName('t')
  const environment = {
    ...(await openLivedPlatform(t)),
    KAFKA_BROKERS: kafka.brokers,
    AUTH_TOPIC_PREFIX: prefix,
  }
  const auth = await openTestAuth({ databaseUrl: database.url, environment })
  t.after(() => auth.close())
  return { auth, prefix, brokers: kafka.brokers }
}

async function waitUntilPublished({ database }: TestAuth): Promise<void> {
  const waiting = database.kysely.selectFrom('outbox').select('id').where('published_at', 'is', null)
  await until(async () => (await waiting.execute()).length === 0, 60_000)
}

test('kcat reads every event: key, CloudEvents headers, JSON that parses strictly, gapless per user', {
  skip,
}, async (t) => {
  const opened = await openOnKafka(t)
  if (opened === undefined) return
  const { auth, brokers, prefix } = opened
  const userIds = [await liveThrough(auth), await liveThrough(auth)]
  await waitUntilPublished(auth)
  const records: KcatRecord[] = []
  for (const name of eventNames) {
    const found = await readWithKcat(brokers, toTopic(name, prefix))
    assert.notEqual(found.length, 0, `no ${name} has arrived`)
    for (const record of found) {
      assertAttributes(record, name)
      const { schema, sequenced } = eventCatalogue[name]
      const data = fromJsonString(schema, record.payload)
      assert.ok(userIds.includes(data.userId))
      if (sequenced) assert.equal(record.key, data.userId)
      assert.equal(record.headers.ce_usersequence !== undefined, sequenced)
      assert.doesNotMatch(record.payload, /@example\.org|correct horse|ivrt1_|eyJ/)
    }
    records.push(...found)
  }
  for (const userId of userIds) {
    const own = dropRepetitions(records).filter(
      ({ key, headers }) => key === userId && headers.ce_usersequence,
    )
    const numbers = own.map(({ headers }) => Number(headers.ce_usersequence)).sort((a, b) => a - b)
    assert.deepEqual(
      numbers,
      numbers.map((_, n) => n + 1),
      'O4: 1, 2, 3 … over all topics',
    )
    assert.equal(numbers.length, 9)
    assert.equal(new Set(own.map(({ partition }) => partition)).size, 1, 'O6: one key, one partition')
  }
})

/** O5: a relay that lost its lock or its broker may publish again, the same bytes. The first of each event. */
function dropRepetitions(records: readonly KcatRecord[]): KcatRecord[] {
  const first = new Map<string, KcatRecord>()
  for (const record of records) {
    const { ce_id: id = '' } = record.headers
    const before = first.get(id)
    if (before === undefined) first.set(id, record)
    else assert.deepEqual([record.key, record.payload], [before.key, before.payload], 'O5: the same bytes')
  }
  return [...first.values()]
}

function assertAttributes({ headers, key }: KcatRecord, name: (typeof eventNames)[number]): void {
  const { ce_id: id = '', ce_time: time = '', ce_epoch: epoch = '', ...rest } = headers
  assert.match(id, uuidV7)
  assert.ok(Math.abs(Date.now() - Date.parse(time)) < 120_000)
  assert.notEqual(epoch, '')
  const {
    ce_subject,
    ce_usersequence: _sequence,
    ce_topicprevious: _previous,
    traceparent: trace,
    ...fixed
  } = rest
  assert.deepEqual(fixed, {
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_source: 'http://localhost:8080',
    ce_type: toEventType(name),
    ce_dataschema: toDataSchema(name),
  })
  if (name !== 'login_failed') assert.equal(ce_subject, key)
  assert.equal(trace, name === 'user_deleted' ? traceparent : undefined)
}
