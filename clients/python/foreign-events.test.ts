import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type DescMessage, fromBinary, fromJson, toJson } from '@bufbuild/protobuf'
import { connectAuth, DeadLetterError } from '@immersiverse/auth-client'
import {
  eventCatalogue,
  eventNames,
  listTopicPolicies,
  revocationRecords,
  toDeadLetterTopic,
  toRevocationTopic,
  toTopic,
} from '@immersiverse/auth-contract'
import { findKcatSkip } from '../../services/auth/test/kafka-reader.ts'
import { liveThrough, openLivedPlatform } from '../../services/auth/test/live-through.ts'
import { openTestAuth, toUniqueName } from '../../services/auth/test/open-test-auth.ts'
import { openTestDatabase } from '../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../tools/parts/test-kafka.ts'
import { type ContractPython, compileProtos } from './compile-protos.ts'

/** A record as Python decoded it; nothing but its key and headers where it has no value. */
interface ForeignRecord {
  readonly topic: string
  readonly headers: Readonly<Record<string, string>>
  readonly name?: string
  readonly message?: unknown
  /** In hexadecimal. */
  readonly bytes?: string
}

const skip = await findKcatSkip()
const schemas = new Map<string, DescMessage>(
  [...Object.values(eventCatalogue), ...Object.values(revocationRecords)].map(({ schema }) => [
    schema.typeName,
    schema,
  ]),
)

/** What has to be found on the topics of the catalogue, as `topic message`. */
function listExpected(prefix: string): string[] {
  return [
    ...eventNames.map((name) => `${toTopic(name, prefix)} ${eventCatalogue[name].schema.typeName}`),
    ...Object.values(revocationRecords).map(
      ({ schema }) => `${toRevocationTopic(prefix)} ${schema.typeName}`,
    ),
    `${toDeadLetterTopic(prefix)} ${eventCatalogue.user_created.schema.typeName}`,
  ]
}

/** Lets the service write every record there is, and a consumer a dead letter. */
async function writeEverything(t: TestContext, encoding: string) {
  const [database, kafka] = [await openTestDatabase(t), await requireTestKafka(t)]
  if (database === undefined || kafka === undefined) return undefined
  const prefix = toUniqueName('t')
  const environment = {
    ...(await openLivedPlatform(t)),
    KAFKA_BROKERS: kafka.brokers,
    AUTH_TOPIC_PREFIX: prefix,
    AUTH_EVENT_ENCODING: encoding,
  }
  const auth = await openTestAuth({ databaseUrl: database.url, environment })
  t.after(() => auth.close())
  await using client = await connectAuth({
    address: auth.address,
    verification: 'remote',
    kafka: { brokers: kafka.brokers.split(','), topicPrefix: prefix },
  })
  const { promise: handled, resolve } = Promise.withResolvers<void>()
  const consumer = client.events({ group: prefix })
  consumer.on('user_created', () => {
    throw new DeadLetterError('this one never')
  })
  const last = new Set<string>()
  for (const name of eventNames) {
    if (name === 'user_created') continue
    consumer.on(name, () => {
      last.add(name)
      if (last.size === eventNames.length - 1) resolve()
    })
  }
  const subscription = consumer.start()
  await liveThrough(auth)
  await handled
  while (subscription.status().deadLetters === 0) await new Promise((resolve) => setTimeout(resolve, 50))
  return { prefix, brokers: kafka.brokers }
}

for (const encoding of ['json', 'protobuf']) {
  test(`every topic in ${encoding} is read by kcat and decoded by Python, to what we decode`, {
    skip,
  }, async (t) => {
    const python = await compileProtos(t)
    const written = python && (await writeEverything(t, encoding))
    if (python === undefined || written === undefined) return
    const { prefix, brokers } = written
    const topics = listTopicPolicies(prefix).map(({ topic }) => topic)
    const read = () => readDecoded(python, brokers, topics)
    let decoded = await read()
    // Revocations take a way of their own, and may come after the last event.
    const end = Date.now() + 60_000
    while (listMissing(decoded, prefix, topics).length > 0 && Date.now() < end) decoded = await read()
    assert.deepEqual(listMissing(decoded, prefix, topics), [])
    for (const record of decoded) assertSame(record, encoding)
    t.diagnostic(`${decoded.length} records of ${topics.length} topics`)
  })
}

async function readDecoded(
  python: ContractPython,
  brokers: string,
  topics: readonly string[],
): Promise<ForeignRecord[]> {
  const { stdout } = await python
    .run('read_events.py', { KAFKA_BROKERS: brokers, AUTH_TOPICS: topics.join() })
    .catch((error) => assert.fail(error.stderr))
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines.map((line): ForeignRecord => JSON.parse(line)).filter(({ message }) => message !== undefined)
}

/** What of the catalogue is not among the records, and topics without any. */
function listMissing(records: readonly ForeignRecord[], prefix: string, topics: readonly string[]): string[] {
  const found = new Set(records.flatMap(({ topic, name }) => [topic, `${topic} ${name}`]))
  return [...topics, ...listExpected(prefix)].filter((expected) => !found.has(expected))
}

/** What Python understood is what the generated TypeScript understands of the same bytes. */
function assertSame({ name = '', message, bytes = '', headers }: ForeignRecord, encoding: string): void {
  assert.equal(headers['content-type'], `application/${encoding}`)
  const schema = schemas.get(name)
  // A topic outside the two catalogues: that Python knows its message is all that can be said here.
  if (schema === undefined) return
  const value = Buffer.from(bytes, 'hex')
  const own = encoding === 'json' ? fromJson(schema, JSON.parse(value.toString())) : fromBinary(schema, value)
  assert.deepEqual(message, toJson(schema, own, { alwaysEmitImplicit: true }))
}
