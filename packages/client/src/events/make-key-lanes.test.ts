import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeKeyLanes } from './make-key-lanes.ts'

test("each key's work runs in order, one at a time, and no more keys at once than allowed", async () => {
  const jobs = fc.array(
    fc.record({ key: fc.integer({ min: 0, max: 5 }), turns: fc.integer({ min: 0, max: 4 }) }),
  )
  await fc.assert(
    fc.asyncProperty(jobs, fc.integer({ min: 1, max: 4 }), async (list, concurrency) => {
      const lanes = makeKeyLanes({ concurrency, pendingMax: 8 })
      const running = new Set<number>()
      const ended: number[] = []
      for (const [at, { key, turns }] of list.entries()) {
        await lanes.add(String(key), async () => {
          assert.ok(!running.has(key), 'one at a time')
          running.add(key)
          assert.ok(running.size <= concurrency)
          for (let n = 0; n < turns; n += 1) await Promise.resolve()
          running.delete(key)
          ended.push(at)
        })
        assert.ok(lanes.pending < 8, 'there is room again')
      }
      await lanes.idle()
      assert.equal(lanes.pending, 0)
      for (let key = 0; key <= 5; key += 1) {
        const order = ended.filter((at) => list[at]?.key === key)
        assert.deepEqual(
          order,
          order.toSorted((a, b) => a - b),
        )
      }
      assert.equal(ended.length, list.length)
    }),
  )
})

test('a busy key does not keep the others waiting', async () => {
  const lanes = makeKeyLanes({ concurrency: 1, pendingMax: 100 })
  const ended: string[] = []
  for (const key of ['busy', 'busy', 'busy', 'other']) {
    void lanes.add(key, async () => void ended.push(key))
  }
  await lanes.idle()
  assert.equal(ended.indexOf('other'), 1)
})
