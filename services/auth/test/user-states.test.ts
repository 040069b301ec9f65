import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DescMessage, fromBinary, fromJsonString } from '@bufbuild/protobuf'
import { timestampDate } from '@bufbuild/protobuf/wkt'
import { Metadata } from '@grpc/grpc-js'
import {
  toTopic,
  toUserStateTopic,
  type UserStateHeartbeat,
  UserStateHeartbeatSchema,
  UserStateSchema,
  UserStatus,
  UserUpdatedSchema,
  userStateHeartbeatKey,
} from '@immersiverse/auth-contract'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../../tools/parts/test-kafka.ts'
import { until } from '../src/store/outbox-testing.ts'
import { findKcatSkip, type RawRecord, readBytesWithKcat } from './kafka-reader.ts'
import { openTestAuth, toUniqueName } from './open-test-auth.ts'

const skip = await findKcatSkip()
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

for (const encoding of ['json', 'protobuf'] as const) {
  const read = <S extends DescMessage>(schema: S, value: Buffer | undefined) => {
    assert.ok(value)
    return encoding === 'json'
      ? fromJsonString(schema, value.toString())
      : fromBinary(schema, new Uint8Array(value))
  }

  test(`kcat reads users' states in ${encoding}: the last of each, a tombstone, heartbeats on every partition`, {
    skip,
  }, async (t) => {
    const [database, kafka] = [await openTestDatabase(t), await requireTestKafka(t)]
    if (database === undefined || kafka === undefined) return
    const { brokers } = kafka
    const prefix = toUniqueName('t')
    const environment = { KAFKA_BROKERS: brokers, AUTH_TOPIC_PREFIX: prefix, AUTH_EVENT_ENCODING: encoding }
    const auth = await openTestAuth({ databaseUrl: database.url, environment })
    t.after(() => auth.close())
    const [kept, gone] = [await auth.signUp(), await auth.signUp()]
    const metadata = new Metadata()
    metadata.set('traceparent', traceparent)
    await auth.users.updateUser({ userId: kept.id, displayName: 'Mina' }, { metadata })
    await auth.users.updateUser({ userId: kept.id, subscriptionTier: 'PREMIUM' })
    await auth.users.deleteUser({ userId: gone.id })
    const endMs = Date.now()
    let records: RawRecord[] = []
    await until(async () => {
      records = await readBytesWithKcat(brokers, toUserStateTopic(prefix)).catch(() => [])
      const beats = records.filter(({ key }) => key === userStateHeartbeatKey)
      // The dump is no snapshot: what is committed meanwhile may be there on some partitions.
      const late = beats.filter(({ value }) => toAsOfMs(read(UserStateHeartbeatSchema, value)) > endMs)
      return new Set(late.map(({ partition }) => partition)).size === 12
    }, 60_000)
    const last = new Map(records.map((record) => [record.key, record]))
    const state = last.get(kept.id) ?? assert.fail('no state of the user')
    const { createdAt, updatedAt, $typeName: _name, ...fields } = read(UserStateSchema, state.value)
    assert.deepEqual(fields, {
      userId: kept.id,
      userVersion: 3n,
      username: kept.username,
      displayName: 'Mina',
      status: UserStatus.ACTIVE,
      roles: [],
      subscriptionTier: 'PREMIUM',
    })
    assert.ok(createdAt && updatedAt)
    const { ce_id, ce_time, ce_epoch, ...headers } = state.headers
    assert.ok(ce_id && ce_time && ce_epoch)
    assert.deepEqual(headers, {
      'content-type': `application/${encoding}`,
      ce_specversion: '1.0',
      ce_source: 'http://localhost:8080',
      ce_type: 'auth.state.users',
      ce_subject: kept.id,
      ce_userversion: '3',
      ce_dataschema: 'urn:immersiverse:auth.v1.UserState',
    })
    const tombstone = last.get(gone.id) ?? assert.fail('no tombstone')
    assert.equal(tombstone.value, undefined)
    assert.equal(tombstone.headers.ce_userversion, '2')
    const beats = records.filter(({ key }) => key === userStateHeartbeatKey)
    const { term, epoch, hi } = read(UserStateHeartbeatSchema, beats.at(-1)?.value)
    // A busy machine may lose a term.
    assert.deepEqual([term >= 1n, epoch, hi >= 5n], [true, ce_epoch, true])
    assert.equal(new Set(beats.map(({ partition }) => partition)).size, 12)
    for (const { value } of records) assert.doesNotMatch(value?.toString('latin1') ?? '', /@example\.org/)
    const events = await readBytesWithKcat(brokers, toTopic('user_updated', prefix))
    const first = events.find((event) => event.headers.ce_usersequence === '2') ?? assert.fail()
    assert.equal(first.headers.traceparent, traceparent)
    assert.equal(first.headers['content-type'], `application/${encoding}`)
    assert.equal(read(UserUpdatedSchema, first.value).displayName, 'Mina')
  })
}

function toAsOfMs({ asOf }: UserStateHeartbeat): number {
  return asOf === undefined ? 0 : timestampDate(asOf).getTime()
}
