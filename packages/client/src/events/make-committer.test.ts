import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeCommitter } from './make-committer.ts'

function makeConsumer() {
  const requests: { offsets: string[]; given: readonly unknown[]; settle: PromiseWithResolvers<void> }[] = []
  return {
    requests,
    generationId: 1,
    assignments: [{ topic: 't', partitions: [0, 1] }],
    isOut: false,
    isRejoining() {
      return this.isOut
    },
    commit({ offsets }: { offsets: { topic: string; partition: number; offset: bigint }[] }) {
      const settle = Promise.withResolvers<void>()
      requests.push({
        settle,
        offsets: offsets.map((one) => `${one.topic}:${one.partition}:${one.offset}`),
        given: offsets,
      })
      return settle.promise
    },
  }
}

const record = (offset: bigint, generationId = 1, partition = 0) => {
  return { topic: 't', partition, offset, leaderEpoch: 0, generationId }
}

test('one request at a time; what is marked meanwhile goes into the next, the latest of each partition', async () => {
  const consumer = makeConsumer()
  const committer = makeCommitter(consumer, (error) => assert.fail(String(error)))
  for (const offset of [1n, 2n, 3n]) committer.mark(record(offset))
  committer.mark(record(9n, 1, 1))
  assert.deepEqual(
    consumer.requests.map((one) => one.offsets),
    [['t:0:2']],
  )
  const flushed = committer.flush()
  consumer.requests[0]?.settle.resolve()
  await consumer.requests[0]?.settle.promise
  await Promise.resolve()
  assert.deepEqual(consumer.requests[1]?.offsets, ['t:0:4', 't:1:10'])
  consumer.requests[1]?.settle.resolve()
  assert.equal(await flushed, true)
})

test('what was read before a rebalance is not committed after it', async () => {
  const consumer = makeConsumer()
  const committer = makeCommitter(consumer, (error) => assert.fail(String(error)))
  consumer.generationId = 2
  committer.mark(record(1n, 1))
  assert.equal(await committer.flush(), true)
  assert.equal(consumer.requests.length, 0)
})

test('what the group has given to another is not committed', async () => {
  const consumer = makeConsumer()
  const committer = makeCommitter(consumer, (error) => assert.fail(String(error)))
  consumer.assignments = [{ topic: 't', partitions: [1] }]
  committer.mark(record(1n, 1, 0))
  assert.equal(await committer.flush(), true)
  assert.equal(consumer.requests.length, 0)
})

test('while the consumer rejoins nothing is sent; afterwards only what was read since', async () => {
  const consumer = makeConsumer()
  const committer = makeCommitter(consumer, (error) => assert.fail(String(error)))
  consumer.isOut = true
  committer.mark(record(1n))
  committer.mark(record(5n, 2, 1))
  assert.equal(await committer.flush(), false)
  assert.equal(consumer.requests.length, 0)
  consumer.isOut = false
  consumer.generationId = 2
  committer.beginGeneration()
  assert.deepEqual(
    consumer.requests.map((one) => one.offsets),
    [['t:1:6']],
  )
})

test('what was on its way when a generation began is not sent again in the next', () => {
  const consumer = makeConsumer()
  const committer = makeCommitter(consumer, (error) => assert.fail(String(error)))
  committer.mark(record(1n))
  committer.beginGeneration()
  // The client repeats a refused request with the array it was given.
  assert.deepEqual(consumer.requests[0]?.given, [])
})

test('a failed commit is reported and repeated with the next flush', async () => {
  const consumer = makeConsumer()
  const failures: unknown[] = []
  const committer = makeCommitter(consumer, (error) => failures.push(error))
  committer.mark(record(1n))
  consumer.requests[0]?.settle.reject(new Error('coordinator moved'))
  assert.equal(await committer.flush(), false)
  assert.equal(failures.length, 1)
  const flushed = committer.flush()
  consumer.requests[1]?.settle.resolve()
  assert.equal(await flushed, true)
  assert.deepEqual(consumer.requests[1]?.offsets, ['t:0:2'])
})
