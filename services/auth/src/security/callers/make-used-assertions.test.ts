import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeUsedAssertions } from './make-used-assertions.ts'

function makeWorld() {
  let nowMs = 0
  const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs, sleep: async () => undefined }
  const used = makeUsedAssertions(clock)
  const claim = (name: string, change: { assertion?: string; address?: string; endMs?: number } = {}) => {
    const { assertion = 'a.b.c', address = '10.0.0.1', endMs = 1_000 } = change
    return used.claim(name, { assertion, address, notAfter: new Date(endMs) })
  }
  const wait = (ms: number) => {
    nowMs += ms
  }
  return { claim, wait }
}

describe('makeUsedAssertions', () => {
  it('gives a name to the first assertion, for its address alone', () => {
    const { claim } = makeWorld()
    assert.equal(claim('one'), true)
    assert.equal(claim('one'), true)
    assert.equal(claim('one', { assertion: 'd.e.f' }), false)
    assert.equal(claim('one', { address: '10.0.0.2' }), false)
    assert.equal(claim('one'), true)
    assert.equal(claim('two', { assertion: 'd.e.f' }), true)
  })

  it('gives it to the next when the first has expired', () => {
    const { claim, wait } = makeWorld()
    const other = { assertion: 'd.e.f', endMs: 2_000 }
    assert.equal(claim('one'), true)
    wait(999)
    assert.equal(claim('one', other), false)
    wait(1)
    assert.equal(claim('one', other), true)
    assert.equal(claim('one'), false)
  })

  it('refuses what it cannot remember, until others have expired', () => {
    const { claim, wait } = makeWorld()
    for (let n = 0; n < 99_999; n++) claim(`early ${n}`)
    assert.equal(claim('late', { endMs: 2_000 }), true)
    assert.equal(claim('one more'), false)
    assert.equal(claim('early 0', { assertion: 'd.e.f' }), false)
    wait(1_000)
    assert.equal(claim('one more', { endMs: 2_000 }), true)
    assert.equal(claim('late', { assertion: 'd.e.f', endMs: 2_000 }), false)
  })
})
