import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AuthError } from '../domain/errors.ts'
import { withFailureFloor } from './with-failure-floor.ts'

const refusals = new Set(['INVALID_CREDENTIALS'] as const)

/** A clock that moves when somebody sleeps or works. */
function makeClock(toSlept = (ms: number) => ms) {
  const state = { atMs: 0.25 }
  return {
    state,
    now: () => new Date(state.atMs),
    monotonicMs: () => state.atMs,
    sleep: async (ms: number) => {
      state.atMs += toSlept(Math.max(0, ms))
    },
  }
}

/** How long a piece of work that takes so long, and then throws, is made to take. */
async function measure(workMs: number, floorMs: number, error: Error, clock = makeClock()): Promise<number> {
  const work = async () => {
    clock.state.atMs += workMs
    throw error
  }
  await assert.rejects(withFailureFloor(clock, floorMs, refusals, work), error)
  return clock.state.atMs - 0.25
}

describe('a refusal', () => {
  const refusal = new AuthError('INVALID_CREDENTIALS')

  it('takes the floor, whatever it took', async () => {
    for (const workMs of [0.5, 20, 149.5, 150]) assert.equal(await measure(workMs, 150, refusal), 150)
  })

  it('takes a multiple of the floor where the work took longer', async () => {
    for (const workMs of [150.5, 200, 300]) assert.equal(await measure(workMs, 150, refusal), 300)
  })

  it('is no sooner where a timer ends before its time, and as late whatever the work took', async () => {
    const toWhole = (ms: number) => Math.max(1, Math.trunc(ms))
    for (const workMs of [0.3, 20.3, 149.3]) {
      assert.equal((await measure(workMs, 150, refusal, makeClock(toWhole))).toFixed(2), '150.30')
    }
  })

  it('of another kind is not held up, nor is any without a floor', async () => {
    assert.equal(await measure(20, 150, new AuthError('HASHING_BUSY')), 20)
    assert.equal(await measure(20, 0, refusal), 20)
  })
})
