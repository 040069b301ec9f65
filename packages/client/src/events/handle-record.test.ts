import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consumeRecords as consume } from '../test/consume-records.ts'
import { makeRecord } from '../test/make-record.ts'
import { waitUntil } from '../test/wait-until.ts'
import { type DeadLetter, DeadLetterError } from './dead-letter.ts'

const bad = () => ({ ...makeRecord('user_created'), data: Buffer.from('{') })

test('an event that keeps failing while others succeed goes to the dead letters, and its user goes on', async () => {
  const letters: DeadLetter[] = []
  const handled: string[] = []
  const { subscription, ended } = consume(
    [
      makeRecord('user_created', { key: 'poison', sequence: 1 }),
      makeRecord('user_created', { key: 'u2', sequence: 1 }),
      makeRecord('user_deleted', { key: 'poison', sequence: 2 }),
    ],
    {
      user_created: ({ userId }) => {
        if (userId === 'poison') throw new Error('no such plan')
        handled.push(userId)
      },
      user_deleted: ({ userId }) => handled.push(`${userId} deleted`),
    },
    {
      retry: { attempts: 3, firstMs: 1, maxMs: 1 },
      sendDeadLetter: async (letter) => void letters.push(letter),
    },
  )
  await ended()
  assert.deepEqual(handled, ['u2', 'poison deleted'])
  assert.equal(letters.length, 1)
  assert.deepEqual([letters[0]?.record.key, letters[0]?.attempts], ['poison', 3])
  assert.match(String(letters[0]?.error), /no such plan/)
  assert.equal(subscription.status().deadLetters, 1)
})

test('while nothing succeeds, as when a database is down, nothing goes to the dead letters', async () => {
  let isDown = true
  let attempts = 0
  const { subscription, ended } = consume(
    ['u1', 'u2', 'u3'].map((key) => makeRecord('user_created', { key, sequence: 1 })),
    {
      user_created: () => {
        attempts += 1
        if (isDown) throw new Error('database down')
      },
    },
    { retry: { attempts: 2, firstMs: 1, maxMs: 1 }, sendDeadLetter: () => assert.fail('sent') },
  )
  await waitUntil('many attempts', () => attempts > 30)
  isDown = false
  await ended()
  assert.deepEqual([subscription.status().handled, subscription.status().deadLetters], [3, 0])
})

test('a handler may say that no attempt can help; a dead letter that cannot be written is tried again', async () => {
  let failures = 3
  const letters: DeadLetter[] = []
  const { subscription, ended } = consume(
    [makeRecord('user_created', { sequence: 1 })],
    { user_created: () => Promise.reject(new DeadLetterError('not ours')) },
    {
      sendDeadLetter: async (letter) => {
        if (failures-- > 0) throw new Error('broker down')
        letters.push(letter)
      },
    },
  )
  await ended()
  assert.equal(letters[0]?.attempts, 1)
  assert.equal(subscription.status().handled, 0)
})

test('a record that cannot be decoded goes to the dead letters', async () => {
  const letters: DeadLetter[] = []
  const { subscription, ended } = consume(
    [bad(), makeRecord('user_created', { sequence: 1 })],
    { user_created: () => undefined },
    { sendDeadLetter: async (letter) => void letters.push(letter) },
  )
  await ended()
  assert.deepEqual([letters.length, letters[0]?.attempts, subscription.status().handled], [1, 0, 1])
})

test('where there are no dead letters it stops the consumer, loudly and not done', async () => {
  const { subscription, errors, logged } = consume(
    [{ ...bad(), done: () => assert.fail('done') }, makeRecord('user_created')],
    { user_created: () => assert.fail('handled') },
  )
  await waitUntil('the failure', () => subscription.status().state === 'failed')
  assert.deepEqual(errors, [subscription.status().error])
  assert.equal(logged.length, 1)
  await subscription.close()
  assert.equal(subscription.status().state, 'failed')
})
