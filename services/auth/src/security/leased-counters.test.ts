import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Counters, TakenCount, WantedCount } from '../domain/counter.ts'
import { makeLeasedCounters } from './leased-counters.ts'
import { makeMemoryCounters } from './memory-counters.ts'

const windowMs = 60_000

/** Counters that all instances share, and what they were asked for. */
function open(limit: number, lease: number) {
  const state = { nowMs: 0 }
  const asked: (readonly WantedCount[])[] = []
  const memory = makeMemoryCounters({ now: () => new Date(state.nowMs) })
  const shared: Counters = {
    ...memory,
    take: async (wanted) => {
      asked.push(wanted)
      // Others get their turn meanwhile, as with a database.
      await new Promise((resolve) => setImmediate(resolve))
      return await memory.take(wanted)
    },
  }
  const openInstance = () => makeLeasedCounters(shared, { monotonicMs: () => state.nowMs })
  const whole = { key: 'whole', limit, windowMs, lease }
  return { state, asked, shared, openInstance, whole }
}

async function take(counters: Counters, ...wanted: readonly WantedCount[]): Promise<readonly TakenCount[]> {
  const answer = await counters.take(wanted)
  assert.ok(answer.isAllowed)
  return answer.taken
}

async function countAllowed(counters: Counters, times: number, wanted: WantedCount): Promise<number> {
  const answers = await Promise.all(Array.from({ length: times }, () => counters.take([wanted])))
  return answers.filter(({ isAllowed }) => isAllowed).length
}

describe('leased counters', () => {
  test('ask once for as many as a lease holds', async () => {
    const { asked, openInstance, whole } = open(100, 10)
    const counters = openInstance()
    assert.equal(await countAllowed(counters, 20, whole), 20)
    assert.deepEqual(
      asked.map((wanted) => wanted.map(({ amount }) => amount)),
      [[10], [10]],
    )
  })

  test('never allow more than the limit, over all instances', async () => {
    const { openInstance, whole } = open(100, 10)
    const instances = Array.from({ length: 3 }, openInstance)
    const allowed = await Promise.all(instances.map((one) => countAllowed(one, 90, whole)))
    const sum = allowed.reduce((total, count) => total + count, 0)
    assert.equal(sum, 100)
  })

  test('near the limit each attempt asks for itself, so that nothing is left over', async () => {
    const { openInstance, whole } = open(15, 10)
    const counters = openInstance()
    assert.equal(await countAllowed(counters, 30, whole), 15)
  })

  test('are forgotten with their window', async () => {
    const { openInstance, shared, state, whole } = open(10, 5)
    const counters = openInstance()
    await take(counters, whole)
    state.nowMs = windowMs
    assert.equal(await countAllowed(counters, 20, whole), 10)
    assert.equal((await shared.list(['whole']))[0]?.count, 10)
  })

  test('what is given back is handed out again, once, and asks nobody', async () => {
    const { asked, openInstance, whole } = open(10, 10)
    const counters = openInstance()
    const taken = await take(counters, whole)
    await counters.giveBack(taken)
    await counters.giveBack(taken)
    assert.equal(await countAllowed(counters, 20, whole), 10)
    assert.equal(asked.filter(([one]) => one?.amount === 10).length, 2)
  })

  test('where another counter is full nothing is lost', async () => {
    const { openInstance, whole } = open(10, 10)
    const counters = openInstance()
    const full = { key: 'full', limit: 1, windowMs }
    await take(counters, full)
    for (let at = 0; at < 20; at += 1) assert.ok(!(await counters.take([full, whole])).isAllowed)
    assert.equal(await countAllowed(counters, 10, whole), 10)
  })

  test('where the counters cannot be asked nothing is lost, and the next one asks again', async () => {
    const { openInstance, shared, whole } = open(10, 10)
    let isDown = true
    const take = shared.take
    shared.take = async (wanted) => {
      if (isDown) throw new Error('no database')
      return await take(wanted)
    }
    const counters = openInstance()
    await assert.rejects(counters.take([whole]), /no database/)
    isDown = false
    assert.equal(await countAllowed(counters, 10, whole), 10)
  })

  test('those without a lease are asked for one by one', async () => {
    const { asked, openInstance, whole } = open(10, 1)
    const counters = openInstance()
    const [first] = await take(counters, whole)
    assert.equal(first?.count, 1)
    await counters.giveBack([first as TakenCount])
    assert.equal(await countAllowed(counters, 11, whole), 10)
    assert.equal(asked.length, 12)
  })
})
