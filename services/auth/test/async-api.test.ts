import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { toDeadLetterTopic } from '@immersiverse/auth-contract'
import { Ajv } from 'ajv'
import ajvFormats from 'ajv-formats'
import { parse } from 'yaml'
import { openDeadLetters } from '../../../packages/client/src/events/open-dead-letters.ts'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../../tools/parts/test-kafka.ts'
import { until } from '../src/store/outbox-testing.ts'
import { findKcatSkip, type KcatRecord, readWithKcat } from './kafka-reader.ts'
import { liveThrough, openLivedPlatform } from './live-through.ts'
import { openTestAuth, toUniqueName } from './open-test-auth.ts'

interface Channel {
  readonly address: string
  readonly messages: Readonly<Record<string, unknown>>
}

const skip = await findKcatSkip()
const document = parse(await readFile(new URL('../../../asyncapi.yaml', import.meta.url), 'utf8'))
const channels: readonly Channel[] = Object.values(document.channels)

/** Validators of a message: what it says, and the same closed, so that a field nobody has described is found too. */
function makeValidators(name: string) {
  const compile = (schemas: unknown, part: 'headers' | 'payload') => {
    const ajv = new Ajv({ strict: false, allErrors: true })
    ajvFormats.default(ajv)
    const { messages } = document.components
    return ajv.compile({ ...messages[name][part], components: { schemas } })
  }
  const { schemas } = document.components
  const closed = Object.fromEntries(
    Object.entries<object>(schemas).map(([key, schema]) => [
      key,
      'properties' in schema ? { ...schema, additionalProperties: false } : schema,
    ]),
  )
  const { payload } = document.components.messages[name]
  return {
    headers: compile(name === 'DeadLetter' ? schemas : closed, 'headers'),
    payload: payload && compile(closed, 'payload'),
  }
}

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

/** The one message of a channel whose headers and payload a record has; what speaks against each otherwise. */
function findMessage(channel: Channel, record: KcatRecord): string {
  const faults: string[] = []
  const found = Object.keys(channel.messages).filter((name) => {
    const { headers, payload } = makeValidators(name)
    // A deleted user's record has no value.
    const isDeleted = name === 'UserState' && record.payload === null
    const fits = headers(record.headers) && (isDeleted || !payload || payload(JSON.parse(record.payload)))
    faults.push(`${name}: ${JSON.stringify(headers.errors ?? payload?.errors)}`)
    return fits
  })
  const [name] = found
  assert.ok(name !== undefined && found.length === 1, `${JSON.stringify(record)}\n${faults.join('\n')}`)
  return name
}

test('every record on every topic is as asyncapi.yaml says, and nothing more', { skip }, async (t) => {
  const opened = await openOnKafka(t)
  if (opened === undefined) return
  const { auth, brokers, prefix } = opened
  await liveThrough(auth)
  const waiting = auth.database.kysely.selectFrom('outbox').select('id').where('published_at', 'is', null)
  await until(async () => (await waiting.execute()).length === 0, 60_000)
  const lane = auth.database.kysely.selectFrom('lanes').selectAll().where('lane', '=', 0)
  const areStatesThere = async () => {
    const { last_pub_seq: last, published_up_to: upTo } = await lane.executeTakeFirstOrThrow()
    return upTo === last
  }
  await until(areStatesThere, 60_000)
  await sendDeadLetter(brokers, prefix)
  const seen = new Set<string>()
  for (const channel of channels) {
    const topic = channel.address.replace(/^auth/, prefix)
    const records = await readWithKcat(brokers, topic)
    // Those of a type are all alike, and heartbeats are many.
    const ofTypes = Map.groupBy(records, ({ headers }) => headers.ce_type)
    for (const some of ofTypes.values()) {
      for (const record of some.slice(0, 20)) seen.add(findMessage(channel, record))
    }
  }
  assert.deepEqual([...seen].sort(), Object.keys(document.components.messages).sort())
})

async function sendDeadLetter(brokers: string, prefix: string): Promise<void> {
  await using letters = openDeadLetters({ brokers: brokers.split(','), topicPrefix: prefix }, 'tests')
  const record = {
    topic: toDeadLetterTopic(prefix),
    key: 'k',
    data: Buffer.from('{}'),
    contentType: 'application/json',
    attributes: new Map([['id', 'x']]),
    origin: { partition: 3, offset: 7n },
    done: async () => undefined,
  }
  await letters.send({ record, error: new Error('no'), attempts: 2 })
}
