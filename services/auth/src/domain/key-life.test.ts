import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findMaker, type KeyLife, toLeadMs } from './key-life.ts'

const at = (ms: number) => new Date(ms)

function toKey(id: string, signsFromMs: number, life: Partial<KeyLife> = {}): KeyLife {
  const signsFrom = at(signsFromMs)
  const ends = { retiredAt: undefined, revokedAt: undefined }
  return { id, purpose: 'signing', algorithm: 'ES256', createdAt: at(0), signsFrom, ...ends, ...life }
}

/** The id of the key that makes what is issued at an instant: the same in whichever order the keys are known. */
function find(keys: readonly KeyLife[], issuedMs: number): string | undefined {
  const found = findMaker(keys, at(issuedMs))?.id
  assert.equal(findMaker([...keys].reverse(), at(issuedMs))?.id, found)
  return found
}

describe('the key that makes what is issued', () => {
  it('is the one that began last', () => {
    const keys = [toKey('old', 0), toKey('new', 100), toKey('planned', 200)]
    assert.equal(find(keys, 99), 'old')
    assert.equal(find(keys, 100), 'new')
    assert.equal(find(keys, 199), 'new')
    assert.equal(find(keys, 200), 'planned')
  })

  it('is none that is retired by then, or revoked at any time', () => {
    const keys = [toKey('old', 0), toKey('retired', 10, { retiredAt: at(100) })]
    assert.equal(find(keys, 99), 'retired')
    assert.equal(find(keys, 100), 'old')
    const revoked = toKey('revoked', 10, { revokedAt: at(500) })
    assert.equal(find([toKey('old', 0), revoked], 50), 'old')
    assert.equal(find([revoked], 50), undefined)
    assert.equal(find([], 50), undefined)
  })

  it('is the one that begins first where all begin later', () => {
    const keys = [toKey('third', 300), toKey('first', 100), toKey('second', 200)]
    assert.equal(find(keys, 50), 'first')
    assert.equal(find([toKey('only', 100)], 50), 'only')
  })
})

it('a key is known as long before it signs as verifiers may take to hear of it; a refresh key needs instances alone', () => {
  const times = {
    ...{ rotationMs: 10_000, publishedMaxAgeMs: 300, ringMaxAgeMs: 50, ringPollMs: 10, rotationCheckMs: 10 },
    ...{ skewMs: 100, accessTtlMs: 1_000, refreshMaxMs: 5_000 },
  }
  assert.equal(toLeadMs('signing', times), 650)
  assert.equal(toLeadMs('refresh', times), 50)
})
