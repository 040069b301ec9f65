import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeTenures } from './make-tenures.ts'

const at = (offset: bigint, partition = 0) => ({ topic: 't', partition, offset })
const [first, second] = [[], []]

test("a partition that goes on where it was left, or before, has been nobody else's", () => {
  const tenures = makeTenures()
  const tenure = tenures.judge(at(5n), first)
  assert.equal(tenures.judge(at(6n), first), tenure)
  assert.equal(tenures.judge(at(7n), second), tenure)
  assert.equal(tenures.judge(at(4n), first), tenure)
  assert.equal(tenures.judge(at(8n), second), tenure)
})

test('a partition that comes back further on was handled by another, and only that partition', () => {
  const tenures = makeTenures()
  const [own, other] = [tenures.judge(at(5n, 0), first), tenures.judge(at(5n, 1), first)]
  assert.notEqual(tenures.judge(at(9n, 0), second), own)
  assert.equal(tenures.judge(at(6n, 1), second), other)
})

test('what is left out while the partition is held is lost, so the tenure goes on', () => {
  const tenures = makeTenures()
  assert.equal(tenures.judge(at(5n), first), tenures.judge(at(900n), first))
})
