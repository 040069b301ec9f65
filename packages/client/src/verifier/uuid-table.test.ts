import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toUuidKey, type UuidKey } from './to-uuid-key.ts'
import { UuidTable } from './uuid-table.ts'

function keyOf(n: number): UuidKey {
  const hex = (Math.imul(n + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')
  return toUuidKey(`${hex}-0000-7000-8000-${n.toString(16).padStart(12, '0')}`) ?? assert.fail()
}

/** Keys that share segment, first slot and word of the filter: the worst that can meet. */
function findCrowdedKeys(count: number): UuidKey[] {
  const keys: UuidKey[] = []
  for (let n = 0; keys.length < count; n++) {
    const key = keyOf(n)
    if ((key.hash & 0x7ff) === 0x123) keys.push(key)
  }
  return keys
}

test('with keys that come, rise and expire the table holds what a Map would, and nothing else', () => {
  const steps = fc.array(
    fc.record({
      n: fc.nat(400),
      expires: fc.integer({ min: 1, max: 60 }),
      value: fc.nat(9),
      sweep: fc.nat(60),
    }),
    { maxLength: 600, size: 'max' },
  )
  fc.assert(
    fc.property(steps, (all) => {
      const table = new UuidTable({ hasValues: true })
      const model = new Map<number, { expires: number; value: number }>()
      for (const { n, expires, value, sweep } of all) {
        const known = model.get(n) ?? { expires: 0, value: 0 }
        const isRaised = expires > known.expires || value > known.value
        assert.equal(table.raise(keyOf(n), expires, value), isRaised)
        model.set(n, { expires: Math.max(known.expires, expires), value: Math.max(known.value, value) })
        if (sweep > 10) continue
        table.sweep(sweep * 5, table.slots)
        for (const [key, one] of model) if (one.expires < sweep * 5) model.delete(key)
      }
      assert.equal(table.size, model.size)
      for (let n = 0; n <= 400; n++) assert.equal(table.find(keyOf(n)), model.get(n)?.value)
    }),
    { numRuns: 100 },
  )
})

test('200,000 keys are found again, others are not, and half of them leave when they have expired', () => {
  const table = new UuidTable({ hasValues: false })
  const count = 200_000
  for (let n = 0; n < count; n++) table.raise(keyOf(n), n % 2 === 0 ? 100 : 200, 0)
  assert.equal(table.size, count)
  for (let n = 0; n < 2 * count; n++) if (table.has(keyOf(n)) !== n < count) assert.fail(`key ${n}`)
  for (let rounds = 0; rounds < 32; rounds++) table.sweep(150, table.slots / 32)
  assert.equal(table.size, count / 2)
  for (let n = 0; n < count; n++) if (table.has(keyOf(n)) !== (n % 2 === 1)) assert.fail(`key ${n}`)
})

test('keys that crowd in one place are told apart, and leave one by one', () => {
  const table = new UuidTable({ hasValues: true })
  const keys = findCrowdedKeys(50)
  for (const [n, key] of keys.entries()) if (n % 2 === 0) table.raise(key, 10 + n, n)
  for (let seconds = 10; seconds < 62; seconds++) {
    table.sweep(seconds, table.slots)
    for (const [n, key] of keys.entries()) {
      assert.equal(table.find(key), n % 2 === 0 && 10 + n >= seconds ? n : undefined)
    }
  }
  assert.equal(table.size, 0)
})
