import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeCallsInFlight } from './calls-in-flight.ts'

describe('calls in flight', () => {
  it('drain at once when nothing runs', async () => {
    await makeCallsInFlight().drain()
  })

  it('drain when the last unary call has ended and every stream was told to stop', async () => {
    const calls = makeCallsInFlight()
    const order: string[] = []
    calls.begin()
    const remove = calls.addStream(() => {
      order.push('told')
      remove()
    })
    const drained = calls.drain().then(() => order.push('drained'))
    calls.end()
    await drained
    assert.deepEqual(order, ['told', 'drained'])
  })

  it('a stream that comes while draining is told too', async () => {
    const calls = makeCallsInFlight()
    calls.begin()
    const drained = calls.drain()
    const { promise, resolve } = Promise.withResolvers<void>()
    const remove = calls.addStream(resolve)
    await promise
    remove()
    calls.end()
    await drained
  })
})
