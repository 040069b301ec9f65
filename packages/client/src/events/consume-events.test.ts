import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { consumeRecords as consume } from '../test/consume-records.ts'
import { makeRecord } from '../test/make-record.ts'
import { waitUntil } from '../test/wait-until.ts'
import type { EventRecord } from './event-record.ts'

test("a user's events are handled one at a time, in order, and done after their handler", async () => {
  const steps: string[] = []
  const records = [1, 2].map((sequence) =>
    makeRecord('user_created', { sequence, done: async () => void steps.push(`done ${sequence}`) }),
  )
  const { subscription, ended } = consume(records, {
    user_created: async (data, info) => {
      steps.push(`begin ${info.userSequence}`)
      await Promise.resolve()
      steps.push(`end ${info.userSequence} ${data.userId}`)
    },
  })
  await ended()
  assert.deepEqual(steps, ['begin 1', 'end 1 u1', 'done 1', 'begin 2', 'end 2 u1', 'done 2'])
  assert.equal(subscription.status().handled, 2)
})

test('several users are handled at once, no more than allowed', async () => {
  const keys = ['u1', 'u2', 'u3', 'u4', 'u5', 'u6']
  const records = keys.map((key) => makeRecord('user_created', { key, sequence: 1 }))
  const finish = Promise.withResolvers<void>()
  const begun: string[] = []
  const { subscription, ended } = consume(
    records,
    {
      user_created: async ({ userId }) => {
        begun.push(userId)
        await finish.promise
      },
    },
    { concurrency: 3 },
  )
  await waitUntil('three', () => begun.length === 3)
  await new Promise(setImmediate)
  assert.deepEqual(begun, ['u1', 'u2', 'u3'])
  finish.resolve()
  await ended()
  assert.deepEqual(begun, keys)
  assert.equal(subscription.status().handled, 6)
})

test('a partition moves on in its order: what is ready sooner waits for what came before', async () => {
  const done: string[] = []
  const slow = Promise.withResolvers<void>()
  const at = (key: string, partition: number, offset: bigint) =>
    makeRecord('user_created', {
      key,
      sequence: 1,
      origin: { partition, offset },
      done: async () => void done.push(`${partition}:${offset}`),
    })
  const { subscription, ended } = consume(
    [at('u1', 0, 0n), at('u2', 0, 1n), at('u3', 1, 0n), at('u4', 0, 2n)],
    {
      user_created: ({ userId }) => (userId === 'u1' ? slow.promise : undefined),
    },
  )
  await waitUntil('the others', () => subscription.status().handled === 3)
  assert.deepEqual(done, ['1:0'])
  slow.resolve()
  await ended()
  // Of several that are ready together only the last needs telling.
  assert.deepEqual(done, ['1:0', '0:2'])
})

test('a mark without an event moves on only behind the events before it', async () => {
  const done: string[] = []
  const slow = Promise.withResolvers<void>()
  const note = (position: string) => ({
    origin: { position },
    done: async () => void done.push(position),
  })
  const { subscription, ended } = consume(
    [note('p1'), makeRecord('user_created', { ...note('p2'), sequence: 1 }), note('p3')],
    { user_created: () => slow.promise },
  )
  await waitUntil('the first mark', () => done.length === 1)
  assert.equal(subscription.status().handled, 0)
  slow.resolve()
  await ended()
  assert.deepEqual(done, ['p1', 'p3'])
})

test('a handler that throws is called again until it succeeds; events of its user wait, others do not', async () => {
  const seen: unknown[] = []
  let failures = 2
  const { logged, subscription, ended } = consume(
    [
      makeRecord('user_created', { sequence: 1 }),
      makeRecord('user_deleted', { sequence: 2 }),
      makeRecord('user_deleted', { key: 'u2', sequence: 1 }),
    ],
    {
      user_created: () => {
        if (failures-- > 0) throw new Error('database down')
        seen.push('created')
      },
      user_deleted: ({ userId }) => seen.push(`deleted ${userId}`),
    },
  )
  await ended()
  assert.deepEqual(seen, ['deleted u2', 'created', 'deleted u1'])
  assert.deepEqual(
    logged.map((line) => line.attempt),
    [1, 2],
  )
  assert.equal(subscription.status().failures, 2)
})

test('a duplicate is done without its handler', async () => {
  let done = 0
  const record = (offset: bigint) =>
    makeRecord('user_created', {
      sequence: 1,
      origin: { partition: Number(offset), offset },
      done: async () => void done++,
    })
  const { subscription, ended } = consume([record(0n), record(1n)], { user_created: () => undefined })
  await ended()
  const { handled, duplicates } = subscription.status()
  assert.deepEqual([handled, duplicates, done], [1, 1, 2])
})

test('a gap is told before the event behind it is handled', async () => {
  const steps: string[] = []
  const after = (sequence: number, previous: number) =>
    makeRecord('user_updated', { sequence, attributes: { topicprevious: String(previous) } })
  const { subscription, ended } = consume(
    [after(3, 1), after(8, 5)],
    { user_updated: (_data, { userSequence }) => steps.push(`handled ${userSequence}`) },
    { onGap: (info, last) => steps.push(`gap after ${last} before ${info.userSequence}`) },
  )
  await ended()
  assert.deepEqual(steps, ['handled 3', 'gap after 3 before 8', 'handled 8'])
  assert.equal(subscription.status().gaps, 1)
})

test('an event waits until its gap is dealt with, which is tried again as the handler is', async () => {
  const steps: string[] = []
  const after = (sequence: number, previous: number) =>
    makeRecord('user_updated', { sequence, attributes: { topicprevious: String(previous) } })
  let failures = 1
  const { subscription, ended } = consume(
    [after(3, 1), after(8, 5)],
    {
      user_updated: (_data, { userSequence }) => {
        steps.push(`handled ${userSequence}`)
        if (userSequence === 8n && failures-- > 0) throw new Error('once')
      },
    },
    {
      onGap: async () => {
        steps.push('gap')
        await new Promise(setImmediate)
        if (steps.length === 2) throw new Error('the database is away')
        steps.push('read anew')
      },
    },
  )
  await ended()
  assert.deepEqual(steps, ['handled 3', 'gap', 'gap', 'read anew', 'handled 8', 'handled 8'])
  const { state, gaps, failures: counted } = subscription.status()
  assert.deepEqual([state, gaps, counted], ['closed', 1, 2])
})

test('events before the date asked for are passed over', async () => {
  const at = (time: string, key: string) =>
    makeRecord('user_created', { key, sequence: 1, attributes: { time } })
  const seen: string[] = []
  const { ended } = consume(
    [at('2027-01-01T00:00:00Z', 'u1'), at('2027-01-02T00:00:00Z', 'u2'), at('2027-01-03T00:00:00Z', 'u3')],
    { user_created: ({ userId }) => seen.push(userId) },
    { from: new Date('2027-01-02T00:00:00Z') },
  )
  await ended()
  assert.deepEqual(seen, ['u2', 'u3'])
})

test('a paused consumer takes nothing until it is resumed', async () => {
  const seen: unknown[] = []
  const { subscription, ended } = consume(
    ['u1', 'u2', 'u3'].map((key) => makeRecord('user_created', { key, sequence: 1 })),
    {
      user_created: ({ userId }) => {
        seen.push(userId)
        subscription.pause()
      },
    },
  )
  for (const count of [1, 2, 3]) {
    await waitUntil(`event ${count}`, () => seen.length === count)
    await new Promise(setImmediate)
    assert.equal(seen.length, count)
    assert.equal(subscription.status().state, count < 3 ? 'paused' : subscription.status().state)
    subscription.resume()
  }
  await ended()
})

test('what comes during a pause waits for its end; closing leaves it to the next consumer', async () => {
  const records = new PassThrough({ objectMode: true })
  const seen: unknown[] = []
  let done = 0
  const { subscription } = consume(
    [],
    { user_created: ({ userId }) => seen.push(userId) },
    { open: () => records as AsyncIterable<EventRecord> },
  )
  const send = async (key: string): Promise<void> => {
    records.write(makeRecord('user_created', { key, sequence: 1, done: async () => void done++ }))
    await waitUntil('the consumer', () => records.readableLength === 0)
    await new Promise(setImmediate)
  }
  subscription.pause()
  await send('u1')
  assert.deepEqual([seen, subscription.status().state], [[], 'paused'])
  subscription.resume()
  subscription.pause()
  await new Promise(setImmediate)
  assert.deepEqual(seen, [], 'paused again before it could be taken')
  subscription.resume()
  await waitUntil('the first', () => done === 1)
  subscription.pause()
  await send('u2')
  await subscription.close()
  assert.deepEqual([seen, done], [['u1'], 1])
})

test('closing waits for the handlers that run, begins no other, and ends a pause', async () => {
  const finish = Promise.withResolvers<void>()
  const steps: string[] = []
  const record = (key: string) =>
    makeRecord('user_created', { key, sequence: 1, done: async () => void steps.push(`done ${key}`) })
  const { subscription } = consume(
    [record('u1'), record('u2'), record('u3')],
    {
      user_created: async ({ userId }) => {
        steps.push(`begin ${userId}`)
        await finish.promise
      },
    },
    { concurrency: 2 },
  )
  await waitUntil('two handlers', () => steps.length === 2)
  subscription.pause()
  const closed = subscription.close()
  finish.resolve()
  await closed
  assert.deepEqual(steps, ['begin u1', 'begin u2', 'done u1', 'done u2'])

  const failing = consume([record('u4')], { user_created: () => Promise.reject(new Error('always')) })
  await waitUntil('retries', () => failing.logged.length >= 1)
  await failing.subscription.close()
  assert.equal(failing.subscription.status().state, 'closed')
  assert.equal(steps.length, 4)
})
