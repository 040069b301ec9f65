import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CommittedEvent } from './committed.ts'
import { commit, publish, source } from './judge-testing.ts'
import { judgeTopics } from './judge-topics.ts'
import type { TopicRecord } from './topic-record.ts'

const events = commit('user_created', 'login_succeeded', 'user_updated', 'login_succeeded', 'login_succeeded')
const records = publish(events)

function judge(judged: readonly TopicRecord[], committed: readonly CommittedEvent[] = events) {
  return judgeTopics(committed, judged, source)
}

function assertFound(property: string, told: RegExp, ...given: Parameters<typeof judge>) {
  const { violations } = judge(...given)
  assert.ok(
    violations.some((one) => one.property === property && told.test(one.told)),
    `not found in ${JSON.stringify(violations)}`,
  )
}

/** The records with one replaced, found by the number of its event. */
function replace(n: number, change: (record: TopicRecord) => TopicRecord[]): TopicRecord[] {
  return records.flatMap((record) => (record.headers.ce_id === `event-${n}` ? change(record) : [record]))
}

describe('what stands on the topics, held against what was committed', () => {
  test('every event once is right, and so is a repetition of the same bytes', () => {
    assert.deepEqual(judge(records).violations, [])
    const again = judge([...records, ...records.slice(-2)])
    assert.deepEqual([again.violations, again.repetitions], [[], 2])
  })

  test('a lost event is found, the last one of a user too', () => {
    for (const n of [1, 2, 4, 5])
      assertFound(
        'O2',
        new RegExp(`lost: .* event-${n} `),
        replace(n, () => []),
      )
  })

  test('an event that nobody committed is found', () => {
    const rolledBack = events.filter(({ id }) => id !== 'event-3')
    assertFound('O3', /phantom: event event-3/, records, rolledBack)
    const phantom = (record: TopicRecord) => ({ ...record, headers: {} })
    assertFound(
      'O3',
      /phantom/,
      replace(2, (record) => [record, phantom(record)]),
    )
  })

  test('changed bytes, keys, topics and headers are found, in a repetition too', () => {
    const changed: ((record: TopicRecord) => TopicRecord)[] = [
      (record) => ({ ...record, value: `${record.value} ` }),
      (record) => ({ ...record, key: 'bob' }),
      (record) => ({ ...record, topic: 'auth.events.user_deleted' }),
      ...Object.keys(records[0]?.headers ?? {})
        .filter((name) => name !== 'ce_id')
        .map((name) => (record: TopicRecord) => ({ ...record, headers: { ...record.headers, [name]: '9' } })),
      (record) => ({ ...record, headers: { ...record.headers, more: '1' } }),
    ]
    for (const change of changed) {
      assertFound(
        'O3',
        /changed/,
        replace(2, (record) => [change(record)]),
      )
      assertFound(
        'O3',
        /changed/,
        replace(2, (record) => [record, change(record)]),
      )
    }
  })

  test('two first records of a user in the wrong order on a topic are found', () => {
    const [second, fourth] = [2, 4].map((n) => records.find(({ headers }) => headers.ce_id === `event-${n}`))
    const swapped = records.map((record) =>
      record === second ? fourth : record === fourth ? second : record,
    )
    assertFound(
      'O4',
      /out of order: event 4 of user alice stands behind event 0, not 2/,
      swapped as TopicRecord[],
    )
  })

  test('a gap in the sequence of a user is found though its rows are all published', () => {
    const skipped = events.filter(({ id }) => id !== 'event-5').map((event) => toLater(event, 4))
    assertFound('O4', /gap: user alice has 5 where 4 belongs/, publish(skipped), skipped)
  })

  test('a key on two partitions is found', () => {
    assertFound(
      'O6',
      /two partitions/,
      replace(5, (record) => [{ ...record, partition: 4 }]),
    )
  })

  test('numbers with a gap, or against the sequence of a user, are found', () => {
    const renumber = (numbers: readonly number[]) =>
      events.map((event, n) => ({ ...event, pubSeq: numbers[n] as number }))
    assertFound('O7', /number 6 where 5 belongs/, records, renumber([1, 2, 3, 4, 6]))
    assertFound('O4', /numbered behind/, records, renumber([1, 2, 4, 3, 5]))
  })
})

/** The same event one number later, where it has the number `from` or a higher one. */
function toLater(event: CommittedEvent, from: number): CommittedEvent {
  const { userSequence = 0 } = event
  return userSequence < from ? event : { ...event, userSequence: userSequence + 1 }
}
