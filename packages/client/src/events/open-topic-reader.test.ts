import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutAborted } from './open-topic-reader.ts'

const [plain, transactional, marker] = [0, 0x10, 0x30]

const makeBatch = (firstOffset: number, producerId: number, attributes: number) => ({
  attributes,
  firstOffset: BigInt(firstOffset),
  lastOffsetDelta: attributes === marker ? 0 : 1,
  producerId: BigInt(producerId),
  records: [],
})

const aborted = (producerId: number, firstOffset: number) => ({
  producerId: BigInt(producerId),
  firstOffset: BigInt(firstOffset),
})

const offsets = (batches: readonly { readonly firstOffset: bigint }[]) =>
  batches.map(({ firstOffset }) => Number(firstOffset))

test('what was aborted is left out up to its marker, also where that comes in a later answer', () => {
  const first = [
    makeBatch(0, 1, transactional),
    makeBatch(2, 2, transactional),
    makeBatch(4, 3, plain),
    makeBatch(6, 1, transactional),
  ]
  assert.deepEqual(offsets(withoutAborted(first, [aborted(1, 6), aborted(2, 2)])), [0, 4])
  const second = [
    makeBatch(8, 1, transactional),
    makeBatch(10, 1, marker),
    makeBatch(11, 1, transactional),
    makeBatch(13, 2, marker),
  ]
  assert.deepEqual(offsets(withoutAborted(second, [aborted(1, 6), aborted(2, 2)])), [10, 11, 13])
})

test('two transactions of one writer are told apart', () => {
  const batches = [
    makeBatch(0, 1, transactional),
    makeBatch(2, 1, marker),
    makeBatch(3, 1, transactional),
    makeBatch(5, 1, marker),
    makeBatch(6, 1, transactional),
    makeBatch(8, 1, marker),
  ]
  assert.deepEqual(offsets(withoutAborted(batches, [aborted(1, 6), aborted(1, 0)])), [2, 3, 5, 8])
  assert.equal(withoutAborted(batches, []), batches)
})
