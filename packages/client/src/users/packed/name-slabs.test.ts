import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NameSlabs, type Names } from './name-slabs.ts'

/** Slabs whose memory can be searched, and who has which names in them. */
function openSlabs() {
  const memory: ArrayBuffer[] = []
  const places = new Map<number, number>()
  const allocate = (bytes: number) => {
    const buffer = new ArrayBuffer(bytes)
    memory.push(buffer)
    return buffer
  }
  const slabs = new NameSlabs((owner, place) => places.set(owner, place), allocate)
  return {
    slabs,
    add: (owner: number, names: Names) => places.set(owner, slabs.add(owner, names)),
    read: (owner: number) => slabs.read(places.get(owner) ?? assert.fail()),
    release(owner: number) {
      slabs.release(places.get(owner) ?? assert.fail())
      places.delete(owner)
    },
    /** How often a text stands in memory that was ever used. */
    count: (text: string) =>
      memory.reduce((all, buffer) => all + Buffer.from(buffer).toString('latin1').split(text).length - 1, 0),
  }
}

const name = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom('', 'x'.repeat(20_000), '한'.repeat(30_000)),
)
const steps = fc.array(
  fc.record({ owner: fc.integer({ min: 1, max: 12 }), username: name, displayName: fc.option(name) }),
  { maxLength: 80, size: 'max' },
)

test('whoever comes, goes and is renamed, everybody has the names that were added last', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const { add, read, release } = openSlabs()
      const model = new Map<number, Names>()
      for (const { owner, username, displayName } of all) {
        const isKnown = model.delete(owner)
        if (isKnown) release(owner)
        // Every third of those who are known stays away.
        if (isKnown && username.length % 3 === 0) continue
        const names = { username, displayName: displayName ?? username }
        add(owner, names)
        model.set(owner, names)
      }
      for (const [owner, names] of model) assert.deepEqual(read(owner), names)
    }),
    { numRuns: 200 },
  )
})

test('released names stand nowhere in memory, nor do copies that moved', () => {
  const { add, count, read, release, slabs } = openSlabs()
  const names = (owner: number) => ({ username: `user-${owner}.`, displayName: `Shown ${owner}.` })
  const owners = Array.from({ length: 10_000 }, (_, n) => n + 1)
  for (const owner of owners) add(owner, names(owner))
  // So many go that slabs are given up, and those who stay move.
  const { bytes } = slabs
  for (const owner of owners) if (owner % 5 !== 0) release(owner)
  assert.ok(slabs.bytes < bytes / 2, `${slabs.bytes} of ${bytes} bytes`)
  for (const owner of [1, 2, 4_444, 9_999]) {
    assert.deepEqual([count(`user-${owner}.`), count(`Shown ${owner}.`)], [0, 0], `${owner}`)
  }
  for (const owner of [5, 5_000, 10_000]) {
    assert.deepEqual(read(owner), names(owner))
    assert.equal(count(`user-${owner}.`), 1, 'it has moved, and stands where it is only')
    release(owner)
    assert.equal(count(`user-${owner}.`), 0)
  }
})

for (const people of [1, 100]) {
  test(`renaming ${people} for ever takes no more memory`, () => {
    const { add, release, slabs } = openSlabs()
    for (let n = 0; n < 50_000; n++) {
      const owner = 1 + (n % people)
      if (n >= people) release(owner)
      add(owner, { username: `user ${n}`, displayName: 'x'.repeat(50) })
    }
    assert.ok(slabs.bytes <= 3 * 64 * 1024, `${slabs.bytes} bytes`)
  })
}
