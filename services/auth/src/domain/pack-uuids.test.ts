import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { packUuids } from './pack-uuids.ts'

const uuids = fc.array(fc.uuid(), { maxLength: 20 })

test('canonical UUIDs are packed in their order', () => {
  fc.assert(
    fc.property(uuids, (list) => {
      const expected = Buffer.from(list.join('').replaceAll('-', ''), 'hex')
      assert.deepEqual(Buffer.from(packUuids(list.join('\n'), list.length) ?? assert.fail()), expected)
    }),
  )
})

test('any other text, and any other number of UUIDs, is refused', () => {
  const one = '01890000-0000-7000-8000-00000000000a'
  assert.ok(packUuids(one, 1))
  for (let place = 0; place < one.length; place++) {
    for (const other of ['A', 'g', ' ', '\n', '\u0130', one[place] === '-' ? '0' : '-']) {
      const text = one.slice(0, place) + other + one.slice(place + 1)
      assert.equal(packUuids(text, 1), undefined, text)
    }
  }
  assert.equal(packUuids(`${one}\n${one}`, 1), undefined)
  assert.equal(packUuids(one, 2), undefined)
  assert.equal(packUuids(`${one}-${one}`, 2), undefined)
  assert.equal(packUuids('', 1), undefined)
})
