import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeRefusalMemory } from './refusal-memory.ts'

function open() {
  const time = { nowMs: 0 }
  return { time, memory: makeRefusalMemory({ monotonicMs: () => time.nowMs }) }
}

const full = (key: string, remainingMs = 1000) => ({ key, remainingMs })

test('a refusal is known until its window ends', () => {
  const { time, memory } = open()
  assert.equal(memory.findRemainingMs(['a']), undefined)
  memory.remember([full('a'), full('b')])
  time.nowMs = 400
  assert.equal(memory.findRemainingMs(['x', 'b']), 600)
  time.nowMs = 1000
  assert.equal(memory.findRemainingMs(['a', 'b']), undefined)
})

test('of many refusals the oldest are forgotten first', () => {
  const { memory } = open()
  for (let at = 0; at < 10_002; at += 1) memory.remember([full(`k${at}`)])
  assert.equal(memory.findRemainingMs(['k0']), undefined)
  assert.equal(memory.findRemainingMs(['k1']), undefined)
  assert.equal(memory.findRemainingMs(['k2']), 1000)
  assert.equal(memory.findRemainingMs(['k10001']), 1000)
})

test('a refusal that is remembered for less says all the same when there is room again', () => {
  const { time, memory } = open()
  memory.remember([full('a', 800), full('b', 5000)], 100)
  time.nowMs = 99
  assert.equal(memory.findRemainingMs(['a', 'b']), 4901)
  time.nowMs = 100
  assert.equal(memory.findRemainingMs(['a', 'b']), undefined)
})

test('a counter that is cleared is forgotten', () => {
  const { memory } = open()
  memory.remember([full('a'), full('b', 500)])
  memory.forget(['a'])
  assert.equal(memory.findRemainingMs(['a', 'b']), 500)
})
