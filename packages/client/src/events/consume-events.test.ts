import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeRecord } from '../test/make-record.ts'
import { waitUntil } from '../test/wait-until.ts'
import type { EventHandlers } from './consume-events.ts'
import type { EventRecord, EventSource } from './event-record.ts'
import { startSubscription } from './start-subscription.ts'

async function* sourceOf(records: EventRecord[]): EventSource {
  yield* records
}

function consume(records: EventRecord[], handlers: EventHandlers) {
  const logged: { attempt?: number }[] = []
  const errors: unknown[] = []
  const logger = { warn: () => undefined, error: (fields: object) => logged.push(fields) }
  const subscription = startSubscription({
    handlers,
    logger,
    group: 'g',
    running: new Set(),
    open: () => sourceOf(records),
    onError: (error) => errors.push(error),
  })
  return { subscription, logged, errors }
}

test('events are handled one at a time, in order, and done after their handler', async () => {
  const steps: string[] = []
  const records = [1, 2].map((sequence) =>
    makeRecord('user_created', { sequence, done: async () => void steps.push(`done ${sequence}`) }),
  )
  const { subscription } = consume(records, {
    user_created: async (data, info) => {
      steps.push(`begin ${info.userSequence}`)
      await Promise.resolve()
      steps.push(`end ${info.userSequence} ${data.userId}`)
    },
  })
  await waitUntil('the end', () => subscription.status().state === 'closed')
  assert.deepEqual(steps, ['begin 1', 'end 1 u1', 'done 1', 'begin 2', 'end 2 u1', 'done 2'])
  assert.equal(subscription.status().handled, 2)
})

test('a handler that throws is called again until it succeeds, and the events behind it wait', async () => {
  const seen: unknown[] = []
  let failures = 2
  const { subscription, logged } = consume(
    [makeRecord('user_created', { sequence: 1 }), makeRecord('user_deleted', { sequence: 2 })],
    {
      user_created: () => {
        if (failures-- > 0) throw new Error('database down')
        seen.push('created')
      },
      user_deleted: () => seen.push('deleted'),
    },
  )
  await waitUntil('the end', () => subscription.status().state === 'closed')
  assert.deepEqual(seen, ['created', 'deleted'])
  assert.deepEqual(
    logged.map((line) => line.attempt),
    [1, 2],
  )
})

test('a duplicate is done without its handler', async () => {
  let done = 0
  const record = makeRecord('user_created', { sequence: 1, done: async () => void done++ })
  const { subscription } = consume([record, record], { user_created: () => undefined })
  await waitUntil('the end', () => subscription.status().state === 'closed')
  const { handled, duplicates } = subscription.status()
  assert.deepEqual([handled, duplicates, done], [1, 1, 2])
})

test('a record that cannot be decoded stops the consumer, loudly and not done', async () => {
  const bad = { ...makeRecord('user_created'), data: Buffer.from('{'), done: () => assert.fail('done') }
  const { subscription, errors, logged } = consume([bad, makeRecord('user_created')], {
    user_created: () => assert.fail('handled'),
  })
  await waitUntil('the failure', () => subscription.status().state === 'failed')
  assert.deepEqual(errors, [subscription.status().error])
  assert.equal(logged.length, 1)
  await subscription.close()
  assert.equal(subscription.status().state, 'failed')
})

test('closing waits for the event at hand and gives up the waits between retries', async () => {
  const finish = Promise.withResolvers<void>()
  const steps: string[] = []
  const record = makeRecord('user_created', { done: async () => void steps.push('done') })
  const { subscription } = consume([record, record], {
    user_created: async () => {
      steps.push('begin')
      await finish.promise
    },
  })
  await waitUntil('the handler', () => steps.length === 1)
  const closed = subscription.close()
  finish.resolve()
  await closed
  assert.deepEqual(steps, ['begin', 'done'])

  const failing = consume([record], { user_created: () => Promise.reject(new Error('always')) })
  await waitUntil('retries', () => failing.logged.length >= 1)
  await failing.subscription.close()
  assert.equal(failing.subscription.status().state, 'closed')
  assert.deepEqual(steps, ['begin', 'done'])
})
