import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeMemoryInbox } from './make-memory-inbox.ts'

const event = (eventId: string) => ({ eventId })

test('an event is handled once; one whose work failed was not handled', async () => {
  const inbox = makeMemoryInbox()
  let done = 0
  const work = () => {
    done += 1
  }
  await assert.rejects(
    inbox.once(event('a'), () => Promise.reject(new Error('disk full'))),
    /disk full/,
  )
  assert.equal(await inbox.once(event('a'), work), true)
  assert.equal(await inbox.once(event('a'), work), false)
  assert.equal(await inbox.once(event('b'), work), true)
  assert.equal(done, 2)
})

test('it remembers no more than its capacity, the latest', async () => {
  const inbox = makeMemoryInbox(2)
  for (const id of ['a', 'b', 'c']) await inbox.once(event(id), () => undefined)
  assert.equal(await inbox.once(event('c'), () => undefined), false)
  assert.equal(await inbox.once(event('a'), () => undefined), true)
})
