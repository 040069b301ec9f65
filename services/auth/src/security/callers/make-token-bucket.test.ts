import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeTokenBucket } from './make-token-bucket.ts'

describe('makeTokenBucket', () => {
  it('lets a burst through, then as many as flow in', () => {
    const bucket = makeTokenBucket({ perSecond: 10, burst: 3 }, 0)
    assert.deepEqual([bucket.take(1, 0), bucket.take(1, 0), bucket.take(1, 0)], [0, 0, 0])
    assert.equal(bucket.take(1, 0), 100)
    assert.equal(bucket.take(1, 40), 60)
    assert.equal(bucket.take(1, 100), 0)
    assert.equal(bucket.take(1, 100), 100)
  })

  it('holds no more than its burst after a pause', () => {
    const bucket = makeTokenBucket({ perSecond: 10, burst: 2 }, 0)
    assert.deepEqual([bucket.take(2, 1e9), bucket.take(1, 1e9)], [0, 100])
  })

  it('lets more than its burst through when it is full, and pays it back', () => {
    const bucket = makeTokenBucket({ perSecond: 10, burst: 5 }, 0)
    assert.equal(bucket.take(15, 0), 0)
    assert.equal(bucket.take(1, 0), 1100)
    assert.equal(bucket.take(15, 1000), 500)
    assert.equal(bucket.take(15, 1500), 0)
  })

  it('never passes its limit, whatever comes when', () => {
    const bucket = makeTokenBucket({ perSecond: 100, burst: 50 }, 0)
    let passed = 0
    for (let ms = 0; ms < 10_000; ms++) if (bucket.take(1, ms) === 0) passed++
    assert.ok(passed >= 1_040 && passed <= 1_050, `${passed}`)
  })

  it('takes a clock that stands for one that stands', () => {
    const bucket = makeTokenBucket({ perSecond: 10, burst: 1 }, 1000)
    assert.equal(bucket.take(1, 1000), 0)
    assert.equal(bucket.take(1, 500), 100)
  })
})
