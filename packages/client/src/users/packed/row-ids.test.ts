import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toUuidKey } from '../../verifier/to-uuid-key.ts'
import { noRow, PackedRows } from './packed-rows.ts'
import { RowIds } from './row-ids.ts'

function idOf(n: number): string {
  const hex = (Math.imul(n + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')
  return `${hex}-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
}

/** Ids that share segment and first slot: the worst that can meet. */
function findCrowdedIds(count: number): string[] {
  const ids: string[] = []
  for (let n = 0; ids.length < count; n++) {
    const id = idOf(n)
    if (((toUuidKey(id)?.hash ?? 0) & 0x7ff) === 0x123) ids.push(id)
  }
  return ids
}

const ids = [
  ...findCrowdedIds(40),
  ...Array.from({ length: 200 }, (_, n) => idOf(n)),
  ...['', 'u1', 'U1', idOf(1).toUpperCase(), ` ${idOf(2)}`],
]

test('whichever ids come and go, each has a row of its own, and the row its id', () => {
  const steps = fc.array(fc.record({ id: fc.constantFrom(...new Set(ids)), isGone: fc.boolean() }), {
    maxLength: 800,
    size: 'max',
  })
  fc.assert(
    fc.property(steps, (all) => {
      const rows = new RowIds(new PackedRows())
      const model = new Map<string, number>()
      for (const { id, isGone } of all) {
        const row = model.get(id)
        if (row === undefined) model.set(id, rows.add(id))
        else if (isGone) {
          rows.remove(row)
          model.delete(id)
        }
      }
      assert.equal(new Set(model.values()).size, model.size)
      for (const id of ids) {
        const row = rows.find(id)
        assert.equal(row, model.get(id) ?? noRow)
        if (row !== noRow) assert.equal(rows.toId(row), id)
      }
    }),
    { numRuns: 100 },
  )
})

test('200,000 ids are found again and others are not, also when half of them are gone', () => {
  const packed = new PackedRows()
  const rows = new RowIds(packed)
  const count = 200_000
  for (let n = 0; n < count; n++) rows.add(idOf(n))
  for (let n = 0; n < count; n += 2) rows.remove(rows.find(idOf(n)))
  for (let n = 0; n < 2 * count; n++) {
    if ((rows.find(idOf(n)) !== noRow) !== (n < count && n % 2 === 1)) assert.fail(`id ${n}`)
  }
  const { bytes } = packed
  for (let n = 0; n < count; n += 2) rows.add(idOf(n))
  assert.equal(packed.bytes, bytes, 'rows are used again')
})

test('a row that is used again has nothing of who was there', () => {
  const packed = new PackedRows()
  const rows = new RowIds(packed)
  const row = rows.add(idOf(7))
  for (let at = 4; at < 16; at++) packed.setWord(row, at, -1)
  rows.remove(row)
  assert.equal(rows.add('no UUID'), row)
  for (let at = 0; at < 16; at++) assert.equal(packed.word(row, at), 0)
})
