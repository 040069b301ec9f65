import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventNames } from '@immersiverse/auth-contract'
import { makeRecord } from '../test/make-record.ts'
import { decodeEvent, UndecodableEventError } from './decode-event.ts'

for (const encoding of ['json', 'protobuf'] as const) {
  test(`every event of the catalogue is decoded from ${encoding}`, () => {
    for (const name of eventNames) {
      const event = decodeEvent(makeRecord(name, { encoding, sequence: 3 }))
      assert.equal(event.name, name)
      assert.equal(event.data.userId, 'u1')
      assert.equal(event.data.userVersion, 1n)
    }
  })
}

test('the attributes become the info', () => {
  const origin = { position: 'p7' }
  const attributes = { topicprevious: '2' }
  assert.deepEqual(decodeEvent(makeRecord('user_created', { sequence: 3, origin, attributes })).info, {
    eventId: '01890000-0000-7000-8000-0000000000aa',
    topic: 'auth.events.user_created',
    key: 'u1',
    time: new Date('2027-01-15T08:00:00Z'),
    source: 'http://localhost:8080',
    epoch: 'e1',
    userSequence: 3n,
    topicPrevious: 2n,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    origin,
  })
})

test('the type decides, whatever the topic is called', () => {
  const record = { ...makeRecord('user_deleted'), topic: 'staging.events.user_deleted' }
  assert.equal(decodeEvent(record).name, 'user_deleted')
})

test('fields of a later contract are ignored, content types may have parameters', () => {
  const data = Buffer.from('{"userId":"u1","later":[1],"status":"USER_STATUS_ACTIVE"}')
  const record = { ...makeRecord('user_created'), data, contentType: 'Application/JSON; charset=utf-8' }
  assert.equal(decodeEvent(record).data.userId, 'u1')
})

test('what is no event of the contract is named, with its topic and place', () => {
  const good = makeRecord('user_created')
  const bad = [
    { ...good, contentType: 'text/plain' },
    { ...good, contentType: '' },
    { ...good, data: Buffer.from('{') },
    { ...good, data: Buffer.from([0x22, 0xff, 0x22]) },
    { ...good, data: Buffer.from('{"userId":7}') },
    { ...good, data: Buffer.from([0xff, 0xff]), contentType: 'application/protobuf' },
    { ...good, attributes: new Map() },
    ...[
      { type: 'auth.events.other' },
      { type: 'auth.events.toString' },
      { specversion: '0.3' },
      { time: 'yesterday' },
      { id: undefined },
      { epoch: '' },
      { usersequence: '-1' },
      { usersequence: '1.5' },
    ].map((attributes) => makeRecord('user_created', { attributes })),
  ]
  for (const record of bad) {
    const isNamed = (error: unknown) => error instanceof UndecodableEventError && error.topic === record.topic
    assert.throws(() => decodeEvent(record), isNamed)
  }
})
