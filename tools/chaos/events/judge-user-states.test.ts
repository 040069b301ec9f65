import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { commit } from './judge-testing.ts'
import { judgeUserStates } from './judge-user-states.ts'
import type { TopicRecord } from './topic-record.ts'

const startMs = Date.parse('2026-01-31T12:00:00.000Z')
/** One each second: version 1, 2, and 3. */
const events = commit('user_created', 'user_updated', 'user_updated').map((event, n) => ({
  ...event,
  data: JSON.stringify({ userId: 'alice', userVersion: String(n + 1) }),
}))
const profile = { username: 'alice', displayName: 'Alice', status: 'ACTIVE', roles: ['admin'] }
const alice = { id: 'alice', isDeleted: false, version: 3, sequence: 3, profile }
/** The callers were told 100 ms after each commit. */
const operations = events.map(({ traceparent = '', occurredAt }) => {
  const atMs = occurredAt.getTime()
  const attempt = { traceparent, startedAtMs: atMs, endedAtMs: atMs + 100, outcome: 'OK' }
  return { kind: 'change', tells: {}, certainty: 'each' as const, attempts: [attempt] }
})

type Written = Pick<TopicRecord, 'key' | 'value' | 'headers'>

function state(version: number, change: Record<string, unknown> = {}): Written {
  const user = { userId: 'alice', userVersion: String(version), username: 'alice', displayName: 'Alice' }
  const value = JSON.stringify({ ...user, status: 'USER_STATUS_ACTIVE', roles: ['admin'], ...change })
  return { key: 'alice', value, headers: { ce_userversion: String(version) } }
}

function beat(hi: number, afterMs: number, term = 1): Written {
  const asOf = new Date(startMs + afterMs).toISOString()
  const value = JSON.stringify({ term: String(term), hi: String(hi), asOf })
  return { key: 'heartbeat', value, headers: {} }
}

function find(written: readonly Written[], user = alice): string[] {
  const place = { topic: 'auth.state.users', partition: 5, appendedAtMs: startMs }
  const records = written.map((record, offset) => ({ ...place, ...record, offset }))
  const { violations } = judgeUserStates({ users: [user], events }, records, operations)
  return violations.map(({ property, told }) => `${property} ${told}`)
}

describe('the states of users, held against the users', () => {
  test('states that rise to what the database holds are right, and so is one that stands for several changes', () => {
    assert.deepEqual(find([state(1), beat(1, 900), state(3), state(3), beat(3, 9_000)]), [])
  })

  test('a tombstone is right for a deleted user and for no other', () => {
    const tombstone = { ...state(3), value: '' }
    const deleted = { ...alice, isDeleted: true, profile: undefined }
    assert.deepEqual(find([state(1), tombstone], deleted as unknown as typeof alice), [])
    assert.match(find([state(1), tombstone])[0] ?? '', /^O2 .*no value/)
    assert.match(find([state(3)], deleted as unknown as typeof alice)[0] ?? '', /^O2 .*was deleted/)
  })

  test('a state that goes back, a lost one, a phantom and another content are found', () => {
    assert.match(find([state(2), state(1), state(3)])[0] ?? '', /^O4 .* from version 2 to 1/)
    assert.match(find([])[0] ?? '', /^O2 .*lost/)
    assert.match(find([state(1), state(2)])[0] ?? '', /^O2 .*version 2, not 3/)
    assert.match(find([state(3), { ...state(1), key: 'bob' }])[0] ?? '', /^O3 phantom/)
    assert.match(find([state(3, { roles: [] })])[0] ?? '', /^O2 /)
  })

  test('O8: a heartbeat before a change that it names, or of which a caller was told earlier, is found', () => {
    assert.match(find([state(1), beat(2, 0), state(3)])[0] ?? '', /^O8 .*version 2/)
    assert.match(find([state(1), beat(1, 1_102), state(3)])[0] ?? '', /^O8 .*version 2/)
    assert.deepEqual(find([state(1), beat(1, 1_100), state(3)]), [])
    assert.deepEqual(find([state(1), beat(1, 0, 2), beat(2, 5_000, 1), state(3)]), [], 'O9: an older term')
  })
})
