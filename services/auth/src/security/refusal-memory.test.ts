import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeRefusalMemory } from './refusal-memory.ts'

function open() {
  const time = { nowMs: 0 }
  return { time, memory: makeRefusalMemory({ monotonicMs: () => time.nowMs }) }
}

test('a refusal is known until its window ends', () => {
  const { time, memory } = open()
  assert.equal(memory.findRemainingMs(['a']), undefined)
  memory.remember(['a', 'b'], 1000)
  time.nowMs = 400
  assert.equal(memory.findRemainingMs(['x', 'b']), 600)
  time.nowMs = 1000
  assert.equal(memory.findRemainingMs(['a', 'b']), undefined)
})

test('of many refusals the oldest are forgotten first', () => {
  const { memory } = open()
  for (let at = 0; at < 10_002; at += 1) memory.remember([`k${at}`], 1000)
  assert.equal(memory.findRemainingMs(['k0']), undefined)
  assert.equal(memory.findRemainingMs(['k1']), undefined)
  assert.equal(memory.findRemainingMs(['k2']), 1000)
  assert.equal(memory.findRemainingMs(['k10001']), 1000)
})
