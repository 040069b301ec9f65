import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Committed } from './committed.ts'
import { judgeState } from './judge-state.ts'
import { commit } from './judge-testing.ts'

const events = commit('user_created', 'login_succeeded', 'user_updated', 'user_deleted')
const alice = { id: 'alice', isDeleted: true, version: 3, sequence: 4, profile: undefined }
const right: Committed = { events, users: [alice], sessionIds: ['session-2'], revocations: [] }

function assertFound(told: RegExp, change: Partial<Committed>) {
  const violations = judgeState({ ...right, ...change })
  assert.ok(
    violations.some((one) => one.property === 'O1' && told.test(one.told)),
    JSON.stringify(violations),
  )
}

describe('users and sessions, held against the events of the same database', () => {
  test('changes that have their events are right', () => {
    assert.deepEqual(judgeState(right), [])
  })

  test('a change without its event is found', () => {
    assertFound(/has 0 user_created/, { events: events.slice(1) })
    assertFound(/version 3 and 2 events/, { events: events.filter(({ event }) => event !== 'user_updated') })
    assertFound(/is deleted and has 0 user_deleted/, { events: events.slice(0, -1) })
    assertFound(/sequence 5 and 4 events/, { users: [{ ...alice, sequence: 5 }] })
    assertFound(/session session-9 has no login_succeeded/, { sessionIds: ['session-2', 'session-9'] })
  })

  test('an event without its change is found', () => {
    assertFound(/user alice is not there and has 4 events/, { users: [] })
    assertFound(/is not deleted and has 1 user_deleted/, { users: [{ ...alice, isDeleted: false }] })
    assertFound(/login_succeeded event-2 has no session session-2/, { sessionIds: [] })
  })
})
