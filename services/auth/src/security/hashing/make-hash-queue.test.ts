import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AuthError } from '../../domain/errors.ts'
import { makeHashQueue } from './make-hash-queue.ts'

/** Work that ends when it is told to. */
function makeWork() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const state = { hasBegun: false }
  const work = async () => {
    state.hasBegun = true
    await promise
  }
  return { work, state, end: resolve }
}

/** Resolves when everything that was ready has run. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

const isRefused = (reason: string) => (error: unknown) =>
  error instanceof AuthError && error.reason === reason

describe('the queue of hashing', () => {
  it('lets so many work at once, and the next in the order they came', async () => {
    const queue = makeHashQueue({ concurrency: 2, queueLength: 10 })
    const works = Array.from({ length: 4 }, makeWork)
    const ran = works.map(({ work }) => queue.run(work, {}))
    await settle()
    assert.deepEqual(
      works.map(({ state }) => state.hasBegun),
      [true, true, false, false],
    )
    works[1]?.end()
    await ran[1]
    await settle()
    assert.deepEqual(
      works.map(({ state }) => state.hasBegun),
      [true, true, true, false],
    )
    for (const { end } of works) end()
    await Promise.all(ran)
    assert.equal(queue.pending, 0)
  })

  it('refuses with a time to wait when it is full, and takes more when it has drained', async () => {
    const queue = makeHashQueue({ concurrency: 1, queueLength: 1 })
    const [first, second] = [makeWork(), makeWork()]
    const ran = [queue.run(first.work, {}), queue.run(second.work, {})]
    await assert.rejects(queue.run(makeWork().work, {}), (error) => {
      assert.ok(isRefused('HASHING_BUSY')(error))
      assert.equal((error as AuthError).details.retryAfterMs, 1000)
      return true
    })
    first.end()
    second.end()
    await Promise.all(ran)
    assert.equal(await queue.run(async () => 'taken', {}), 'taken')
  })

  it('does no work for whoever has gone when his turn comes', async () => {
    const queue = makeHashQueue({ concurrency: 1, queueLength: 2 })
    const [first, left, last] = [makeWork(), makeWork(), makeWork()]
    const caller = { hasGone: false }
    const ran = queue.run(first.work, {})
    const abandoned = queue.run(left.work, { isAbandoned: () => caller.hasGone })
    const answered = queue.run(last.work, {})
    caller.hasGone = true
    first.end()
    last.end()
    await assert.rejects(abandoned, isRefused('HASHING_BUSY'))
    await Promise.all([ran, answered])
    assert.deepEqual([left.state.hasBegun, last.state.hasBegun], [false, true])
    assert.equal(queue.pending, 0)
  })

  it('gives the room of those who have gone to others when it is full', async () => {
    const queue = makeHashQueue({ concurrency: 1, queueLength: 1 })
    const [first, other] = [makeWork(), makeWork()]
    const ran = queue.run(first.work, {})
    const abandoned = queue.run(makeWork().work, { isAbandoned: () => true })
    const answered = queue.run(other.work, {})
    await assert.rejects(abandoned, isRefused('HASHING_BUSY'))
    first.end()
    other.end()
    await Promise.all([ran, answered])
    assert.equal(other.state.hasBegun, true)
  })

  it('keeps room for a job that is to come, until it runs or the room is given up', async () => {
    const queue = makeHashQueue({ concurrency: 1, queueLength: 1 })
    const given = queue.admit({})
    const [work, other] = [makeWork(), makeWork()]
    {
      using _unused = queue.admit({})
      assert.equal(queue.pending, 2)
      assert.throws(() => queue.admit({}), isRefused('HASHING_BUSY'))
      await assert.rejects(queue.run(other.work, {}), isRefused('HASHING_BUSY'))
    }
    const ran = [queue.run(other.work, {}), queue.run(work.work, given)]
    assert.equal(queue.pending, 2)
    other.end()
    work.end()
    await Promise.all(ran)
    assert.equal(queue.pending, 0)
  })

  it('lets a place serve one job only', async () => {
    const queue = makeHashQueue({ concurrency: 1, queueLength: 0 })
    const place = queue.admit({})
    const work = makeWork()
    const ran = queue.run(work.work, place)
    await assert.rejects(queue.run(makeWork().work, place), isRefused('HASHING_BUSY'))
    work.end()
    await ran
  })

  it('does no work in a place whose caller has gone', async () => {
    const queue = makeHashQueue({ concurrency: 1, queueLength: 1 })
    const [first, left] = [makeWork(), makeWork()]
    const caller = { hasGone: false }
    const place = queue.admit({ isAbandoned: () => caller.hasGone })
    const ran = queue.run(first.work, {})
    const abandoned = queue.run(left.work, place)
    caller.hasGone = true
    first.end()
    await assert.rejects(abandoned, isRefused('HASHING_BUSY'))
    await ran
    assert.equal(left.state.hasBegun, false)
  })

  it('refuses those that wait when it is closed, and those that come later', async () => {
    const queue = makeHashQueue({ concurrency: 1, queueLength: 1 })
    const first = makeWork()
    const ran = queue.run(first.work, {})
    const waiting = queue.run(makeWork().work, {})
    queue.close()
    await assert.rejects(waiting, isRefused('SHUTTING_DOWN'))
    await assert.rejects(queue.run(makeWork().work, {}), isRefused('SHUTTING_DOWN'))
    assert.throws(() => queue.admit({}), isRefused('SHUTTING_DOWN'))
    first.end()
    await ran
  })
})
