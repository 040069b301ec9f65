import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeFamily, type RefreshCall } from './judge-family.ts'

const call = (
  sent: string,
  answer: string | undefined,
  startedAtMs: number,
  endedAtMs?: number,
): RefreshCall => ({
  sent,
  answer,
  startedAtMs,
  endedAtMs: answer === undefined ? undefined : (endedAtMs ?? startedAtMs + 1),
})

const explained = (...calls: RefreshCall[]) => assert.equal(judgeFamily('a', calls), undefined)
const inexplicable = (...calls: RefreshCall[]) => assert.match(judgeFamily('a', calls) ?? '', /no order/)

test('rotations one after the other, and equal successors of one token, are explained', () => {
  explained(call('a', 'b', 1), call('b', 'c', 3), call('b', 'c', 5))
})

test('a theft ends the family: the old token and all after it are refused', () => {
  explained(call('a', 'b', 1), call('b', 'c', 3), call('a', 'REFUSED', 5), call('c', 'REFUSED', 7))
  inexplicable(call('a', 'b', 1), call('b', 'c', 3), call('a', 'REFUSED', 5), call('c', 'd', 7))
})

test('a call without an answer may have taken effect, at once or late, or not at all', () => {
  explained(call('a', undefined, 1), call('a', 'b', 3), call('b', 'c', 5))
  // Late: after c was given out, it looks like a theft.
  explained(call('a', undefined, 1), call('a', 'b', 3), call('b', 'c', 5), call('c', 'REFUSED', 9))
})

test('a fork is found', () => {
  assert.match(judgeFamily('a', [call('a', 'b', 1), call('a', 'x', 3)]) ?? '', /two different successors/)
})

test('a live token refused without a theft is found', () => {
  inexplicable(call('a', 'b', 1), call('b', 'REFUSED', 3))
})

test('an old token that works again is found', () => {
  inexplicable(call('a', 'b', 1), call('b', 'c', 3), call('a', 'b', 5))
})

test('of calls at the same time any order will do', () => {
  explained(
    call('a', 'b', 1, 10),
    call('b', 'c', 4, 6),
    call('c', 'REFUSED', 8, 12),
    call('a', 'REFUSED', 2, 9),
  )
  inexplicable(
    call('a', 'b', 1, 2),
    call('b', 'c', 4, 6),
    call('c', 'REFUSED', 7, 8),
    call('a', 'REFUSED', 9, 12),
  )
})
