import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Effect, judgeConsumer, type Letter, type TopicRecord } from './judge-consumer.ts'

const topic = 'auth.events.user_updated'

/** Three events of u1 and one of u2 on a partition, the second of them poisonous, and a record that is no event. */
const records: readonly TopicRecord[] = [
  makeRecord({ offset: 0, eventId: 'a' }),
  makeRecord({ offset: 1, eventId: 'poison', isPoison: true }),
  makeRecord({ offset: 2, eventId: 'b' }),
  makeRecord({ offset: 3, eventId: 'c', key: 'u2' }),
  makeRecord({ offset: 4, eventId: undefined, key: 'junk', isPoison: true }),
]
const effects: readonly Effect[] = [
  makeEffect(1, 'a'),
  makeEffect(3, 'c', { userId: 'u2' }),
  makeEffect(4, 'b'),
]
const letters: readonly Letter[] = [
  { topic, partition: 0, offset: 1 },
  { topic, partition: 0, offset: 4 },
]

function makeRecord(values: Partial<TopicRecord> & Pick<TopicRecord, 'offset' | 'eventId'>): TopicRecord {
  return { topic, partition: 0, key: 'u1', isPoison: false, ...values }
}

function makeEffect(n: number, eventId: string, values: Partial<Effect> = {}): Effect {
  return { n, eventId, topic, userId: 'u1', ...values }
}

/** The properties that are violated, where the counts are those of the rows. */
function judge(written = effects, buried = letters, found = records): string[] {
  const counted = new Map(
    [...Map.groupBy(written, ({ userId }) => userId)].map(([id, all]) => [id, all.length]),
  )
  return judgeConsumer(found, { effects: written, letters: buried, counted }).map(({ property }) => property)
}

test('every event once, in order, and what cannot be handled among the dead letters: nothing is violated', () => {
  assert.deepEqual(judge(), [])
})

test('a dead letter that is written twice, after a crash, is none the worse', () => {
  assert.deepEqual(judge(effects, [...letters, ...letters]), [])
})

test('what cannot be handled may be buried again when it comes again, and only that', () => {
  const again = [...records, makeRecord({ offset: 5, eventId: 'poison', isPoison: true })]
  assert.deepEqual(judge(effects, [...letters, { topic, partition: 0, offset: 5 }], again), [])
  const good = [...records, makeRecord({ offset: 5, eventId: 'a' })]
  assert.deepEqual(judge(effects, [...letters, { topic, partition: 0, offset: 5 }], good), ['phantom'])
})

test('a record that the relay has written again is the same event', () => {
  const again = [...records, makeRecord({ offset: 5, eventId: 'a' })]
  assert.deepEqual(judge(effects, letters, again), [])
  assert.deepEqual(judge([...effects, makeEffect(9, 'a')], letters, again), ['twice', 'order'])
})

test('planted: an event that took no effect is lost', () => {
  assert.deepEqual(judge(effects.slice(1)), ['lost'])
})

test('planted: an event that took effect twice', () => {
  assert.deepEqual(judge([...effects, makeEffect(5, 'b')]), ['twice'])
})

test('planted: an effect of an event that is on no topic', () => {
  assert.deepEqual(judge([...effects, makeEffect(5, 'x', { userId: 'u3' })]), ['phantom'])
})

test('planted: events of one user in another order than the topic has them', () => {
  assert.deepEqual(judge([makeEffect(1, 'b'), makeEffect(2, 'a'), makeEffect(3, 'c', { userId: 'u2' })]), [
    'order',
  ])
})

test('different users, and different topics, may change places', () => {
  const other = 'auth.events.login_succeeded'
  const more = [...records, makeRecord({ topic: other, offset: 0, eventId: 'login' })]
  const late = [makeEffect(0, 'c', { userId: 'u2' }), ...effects.filter(({ eventId }) => eventId !== 'c')]
  assert.deepEqual(judge([...late, makeEffect(2, 'login', { topic: other })], letters, more), [])
})

test('planted: what cannot be handled was skipped without a dead letter, an event or a record that is none', () => {
  assert.deepEqual(judge(effects, letters.slice(1)), ['lost'])
  assert.deepEqual(judge(effects, letters.slice(0, 1)), ['lost'])
})

test('planted: what cannot be handled took effect', () => {
  assert.deepEqual(judge([...effects, makeEffect(2, 'poison')]), ['dead letter'])
})

test('planted: a good event among the dead letters, whether it took effect or not', () => {
  const buried = [...letters, { topic, partition: 0, offset: 2 }]
  assert.deepEqual(judge(effects, buried), ['dead letter'])
  assert.deepEqual(judge(effects.slice(0, 2), buried), ['dead letter'])
})

test('planted: a dead letter of a place where no event is', () => {
  assert.deepEqual(judge(effects, [...letters, { topic, partition: 0, offset: 77 }]), ['phantom'])
})

test('planted: half of a transaction', () => {
  const traces = { effects, letters, counted: new Map([['u1', 2]]) }
  assert.deepEqual(
    judgeConsumer(records, traces).map(({ property }) => property),
    ['twice'],
  )
})
