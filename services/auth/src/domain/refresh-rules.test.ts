import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SessionId, UserId } from './ids.ts'
import { decideRefresh, type PresentedToken } from './refresh-rules.ts'
import type { Session } from './session.ts'

const now = new Date('2026-01-01T00:00:10Z')
const at = (offsetMs: number) => new Date(now.getTime() + offsetMs)
const graceMs = 10_000

const session: Session = {
  id: '00000000-0000-7000-8000-000000000001' as SessionId,
  userId: '00000000-0000-7000-8000-000000000002' as UserId,
  clientId: 'web',
  deviceName: '',
  endedAt: undefined,
  absoluteExpiresAt: at(1_000_000),
  idleExpiresAt: at(500_000),
  generation: 5,
  tokenHash: Buffer.from('five'),
  nonce: Buffer.alloc(32),
  derivationKeyId: 'aabbccdd',
  previousTokenHash: Buffer.from('four'),
  rotatedAt: at(-5000),
  rotatedByIp: '192.0.2.1',
  rotatedByUserAgent: 'app/1',
}

const current: PresentedToken = {
  generation: 5,
  hash: Buffer.from('five'),
  clientId: '',
  ip: '192.0.2.1',
  userAgent: 'app/1',
}
const previous: PresentedToken = { ...current, generation: 4, hash: Buffer.from('four') }

function decide(token: PresentedToken, change: Partial<Session> = {}, grace = graceMs) {
  return decideRefresh({ ...session, ...change }, token, now, grace)
}

describe('decideRefresh', () => {
  it('rotates the current generation', () => {
    assert.equal(decide(current), 'rotate')
  })

  it('rotates the current generation from any address: people move', () => {
    assert.equal(decide({ ...current, ip: '198.51.100.9' }), 'rotate')
  })

  it('T2 repeats the generation before within the grace for the client that rotated', () => {
    assert.equal(decide(previous), 'repeat')
  })

  it('T4 calls it reuse after the grace, to the millisecond', () => {
    assert.equal(decide(previous, { rotatedAt: at(-graceMs + 1) }), 'repeat')
    assert.equal(decide(previous, { rotatedAt: at(-graceMs) }), 'reuse')
  })

  it('T4 calls it reuse from another address or user agent', () => {
    assert.equal(decide({ ...previous, ip: '198.51.100.9' }), 'reuse')
    assert.equal(decide({ ...previous, userAgent: 'curl' }), 'reuse')
  })

  it('a grace of 0 repeats nothing', () => {
    assert.equal(decide(previous, { rotatedAt: now }, 0), 'reuse')
  })

  it('T5 calls every generation older than the one before reuse', () => {
    for (const generation of [3, 2, 1]) {
      assert.equal(decide({ ...previous, generation, rotatedAt: now } as PresentedToken), 'reuse')
    }
  })

  it('T5 calls the generation before reuse where its bytes are not those that were given out', () => {
    assert.equal(decide({ ...previous, hash: Buffer.from('other') }), 'reuse')
  })

  it('T5 calls an earlier generation reuse where the row does not know what was before, or when it was', () => {
    assert.equal(decide(previous, { rotatedAt: undefined }), 'reuse')
    assert.equal(decide(previous, { previousTokenHash: undefined }), 'reuse')
    assert.equal(decide(previous, { rotatedAt: undefined, previousTokenHash: undefined }), 'reuse')
  })

  it('another client that shows the generation before is reuse, its own name is not', () => {
    assert.equal(decide({ ...previous, clientId: 'ios' }), 'reuse')
    assert.equal(decide({ ...previous, clientId: 'web' }), 'repeat')
  })

  it('a generation above the row means that commits were lost, not theft', () => {
    assert.equal(decide({ ...current, generation: 6 }), 'lost')
  })

  it('the current generation with other bytes means that commits were lost', () => {
    assert.equal(decide({ ...current, hash: Buffer.from('other') }), 'lost')
  })

  it('T10 refuses an ended session, and T7 one past either end, whatever is shown', () => {
    for (const change of [{ endedAt: at(-1) }, { idleExpiresAt: now }, { absoluteExpiresAt: now }]) {
      assert.equal(decide(current, change), 'refuse')
      assert.equal(decide(previous, change), 'refuse')
    }
  })

  it('refuses another client without ending anything', () => {
    assert.equal(decide({ ...current, clientId: 'ios' }), 'refuse')
    assert.equal(decide({ ...current, clientId: 'web' }), 'rotate')
  })
})
