import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makePositionSaver } from './make-position-saver.ts'

const logger = { warn: () => undefined, error: () => undefined }

function makeSaver(save: (position: string) => Promise<void>, signal = new AbortController().signal) {
  return makePositionSaver({ position: { save }, firstMs: 1, maxMs: 2, signal, logger })
}

test('positions are saved one at a time, and of those that come meanwhile only the last', async () => {
  const gate = Promise.withResolvers<void>()
  const saved: string[] = []
  let running = 0
  const save = makeSaver(async (position) => {
    assert.equal(running++, 0)
    await gate.promise
    saved.push(position)
    running -= 1
  })
  const all = Promise.all(['p1', 'p2', 'p3'].map(save))
  gate.resolve()
  await all
  assert.deepEqual(saved, ['p1', 'p3'])
})

test('a save that fails is tried again', async () => {
  const saved: string[] = []
  let failures = 2
  const save = makeSaver(async (position) => {
    if (failures-- > 0) throw new Error('disk full')
    saved.push(position)
  })
  await save('p1')
  assert.deepEqual(saved, ['p1'])
})

test('when closing, what is done is still saved, but no longer insisted on', async () => {
  const closing = new AbortController()
  closing.abort()
  const saved: string[] = []
  await makeSaver(async (position) => void saved.push(position), closing.signal)('p1')
  assert.deepEqual(saved, ['p1'])
  let attempts = 0
  await makeSaver(async () => {
    attempts += 1
    throw new Error('disk full')
  }, closing.signal)('p1')
  assert.equal(attempts, 1)
})
