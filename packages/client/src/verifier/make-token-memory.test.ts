import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeTokenMemory } from './make-token-memory.ts'

const token = (n: number, head = 'x') => `${head.repeat(40)}${String(n).padStart(48, '0')}A`
const some = (count: number) => Array.from({ length: count }, (_, n) => token(n))

test('of many tokens the last ones are remembered, at least half of the capacity and never more than all of it', () => {
  for (const capacity of [2, 4, 10, 64]) {
    const memory = makeTokenMemory<number>(capacity)
    for (const [n, one] of some(300).entries()) {
      memory.remember(one, n)
      for (let back = 0; back < capacity / 2 && back <= n; back++)
        assert.equal(memory.find(token(n - back)), n - back)
    }
    // Asked without being renewed: a find in the older half moves the token.
    const left = some(300).filter((one) => memory.find(one) !== undefined)
    assert.ok(left.length <= capacity, `${left.length} of ${capacity}`)
  }
})

test('what is found among the older ones is kept longer than what is not', () => {
  const memory = makeTokenMemory<number>(4)
  for (const [n, one] of some(4).entries()) memory.remember(one, n)
  for (const n of [3, 2, 1, 1, 2, 3]) assert.equal(memory.find(token(n)), n)
  assert.equal(memory.find(token(0)), undefined)
})

test('remembering a token again takes no room and gives the later value', () => {
  const memory = makeTokenMemory<string>(4)
  memory.remember(token(1), 'one')
  for (let again = 0; again < 10; again++) memory.remember(token(2), `two, ${again}`)
  assert.equal(memory.find(token(1)), 'one')
  assert.equal(memory.find(token(2)), 'two, 9')
})

test('a token with the same end is another token', () => {
  const memory = makeTokenMemory<string>(4)
  memory.remember(token(1, 'x'), 'x')
  assert.equal(memory.find(token(1, 'y')), undefined)
  assert.equal(memory.find(token(1, 'x')), 'x')
  assert.equal(memory.find(token(1, 'x').slice(1)), undefined)
})

test('capacities below 2 remember nothing', () => {
  for (const capacity of [0, 1]) {
    const memory = makeTokenMemory<string>(capacity)
    memory.remember(token(1), 'x')
    assert.equal(memory.find(token(1)), undefined)
  }
})
