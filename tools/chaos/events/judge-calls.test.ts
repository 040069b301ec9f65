import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgeCalls } from './judge-calls.ts'
import { commit } from './judge-testing.ts'
import type { Operation } from './operation.ts'

const tells = { OK: 'login_succeeded', INVALID_CREDENTIALS: 'login_failed' } as const

/** An operation whose attempts have these traces and outcomes. */
function operation(
  certainty: Operation['certainty'],
  ...attempts: readonly (readonly [trace: number, outcome: string | undefined])[]
): Operation {
  return {
    kind: 'login',
    tells,
    certainty,
    attempts: attempts.map(([trace, outcome]) => ({
      traceparent: `trace-${trace}`,
      startedAtMs: 0,
      endedAtMs: 1,
      outcome,
    })),
  }
}

const [login] = commit('login_succeeded')
const [failure] = commit('login_failed')
const events = (...found: readonly (typeof login)[]) => found.filter((event) => event !== undefined)

const find = (...given: Parameters<typeof judgeCalls>) => judgeCalls(...given).map(({ told }) => told)

describe('what callers were answered, held against what was committed', () => {
  test('an answer with its event is right, and so is a call without an answer, with one or without', () => {
    assert.deepEqual(find([operation('each', [1, 'OK'])], events(login)), [])
    assert.deepEqual(find([operation('each', [1, 'INVALID_CREDENTIALS'])], events(failure)), [])
    assert.deepEqual(find([operation('each', [1, undefined])], events(login)), [])
    assert.deepEqual(find([operation('each', [1, undefined])], events()), [])
  })

  test('an answer whose event was never committed is found', () => {
    assert.match(find([operation('each', [1, 'OK'])], events())[0] ?? '', /has no login_succeeded/)
    assert.match(find([operation('each', [1, 'INVALID_CREDENTIALS'])], [])[0] ?? '', /has no login_failed/)
    assert.match(find([operation('once', [2, undefined], [3, 'OK'])], [])[0] ?? '', /none of 2 attempts/)
  })

  test('what is done once may have been done by an earlier attempt, or by an earlier call where that is not known', () => {
    assert.deepEqual(find([operation('once', [1, undefined], [2, 'OK'])], events(login)), [])
    assert.deepEqual(find([operation('maybe', [2, 'OK'])], events()), [])
    assert.notDeepEqual(find([operation('each', [1, undefined], [2, 'OK'])], events(login)), [])
  })

  test('an event that tells something else than the answer, or stands behind a refusal that changes nothing, is found', () => {
    assert.match(find([operation('each', [1, 'OK'])], events(failure))[0] ?? '', /has the event login_failed/)
    assert.match(find([operation('maybe', [1, 'HASHING_BUSY'])], events(login))[0] ?? '', /has the event/)
  })

  test('two events of one call, and an event of no call, are found', () => {
    assert.match(find([operation('each', [1, 'OK'])], events(login, login))[0] ?? '', /has 2 events/)
    assert.match(find([], events(login))[0] ?? '', /by no call/)
  })
})
