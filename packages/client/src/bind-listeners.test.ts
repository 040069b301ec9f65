import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import { bindListeners } from './bind-listeners.ts'

function makeEmitter() {
  const emitter = new EventEmitter()
  bindListeners(emitter)
  return { emitter, storage: new AsyncLocalStorage<string>() }
}

for (const add of ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const) {
  test(`a listener added with ${add} runs in the context that added it, with its arguments`, () => {
    const { emitter, storage } = makeEmitter()
    const seen: unknown[] = []
    storage.run('mine', () =>
      emitter[add]('e', (...args: unknown[]) => seen.push(storage.getStore(), ...args)),
    )
    storage.run('other', () => emitter.emit('e', 1, 2))
    assert.deepEqual(seen, ['mine', 1, 2])
    assert.equal(emitter.listenerCount('e'), add.toLowerCase().includes('once') ? 0 : 1)
  })

  test(`a listener added with ${add} can be removed by itself`, () => {
    const { emitter } = makeEmitter()
    const listener = () => assert.fail('called')
    emitter[add]('e', listener)
    emitter.removeListener('e', listener)
    emitter.emit('e')
  })
}

test('calls chain, and events.once works', async () => {
  const { emitter } = makeEmitter()
  assert.equal(
    emitter.on('e', () => undefined),
    emitter,
  )
  const waiting = once(emitter, 'x')
  emitter.emit('x', 7)
  assert.deepEqual(await waiting, [7])
})
