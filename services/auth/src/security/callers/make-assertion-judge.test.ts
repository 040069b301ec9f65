import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, it } from 'node:test'
import type { CallerPolicy } from '../../domain/caller-policy.ts'
import { makeAssertionJudge } from './make-assertion-judge.ts'
import { makeUsedAssertions } from './make-used-assertions.ts'

const id = 'spiffe://immersiverse/ns/test/sa/batch'
const startMs = 1_800_000_000_000

function makeWorld() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const keys = [{ kid: 'one', jwk: { kty: 'EC', crv: 'P-256', x, y } as const }]
  const entry = { id, grants: new Map(), limit: undefined, isAddressAllowed: () => true, keys }
  const policy: CallerPolicy = new Map([[id, entry]])
  let nowMs = startMs
  const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs, sleep: async () => undefined }
  const used = makeUsedAssertions(clock)
  const toJudge = () => makeAssertionJudge({ policy, audience: 'us', clock, used })
  const make = (jti: string, seconds = 240) => {
    const exp = nowMs / 1000 + seconds
    const [header, claims] = [
      { alg: 'ES256', kid: 'one' },
      { iss: id, sub: id, aud: 'us', exp, jti },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    const signed = `${header}.${claims}`
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }
  const wait = (ms: number) => {
    nowMs += ms
  }
  return { toJudge, make, wait }
}

describe('makeAssertionJudge', () => {
  it('binds an assertion to the address that it first came from', () => {
    const { toJudge, make } = makeWorld()
    const judge = toJudge()
    const assertion = make('a')
    assert.equal(judge(assertion, '10.0.0.1').id, id)
    assert.equal(judge(assertion, '10.0.0.2').id, undefined)
    assert.equal(judge(assertion, '10.0.0.1').id, id)
  })

  it('keeps a jti used when the callers file is read again', () => {
    const { toJudge, make } = makeWorld()
    const assertion = make('a')
    assert.equal(toJudge()(assertion, '10.0.0.1').id, id)
    assert.equal(toJudge()(assertion, '10.0.0.1').id, id)
    assert.equal(toJudge()(make('a', 200), '10.0.0.1').id, undefined)
    assert.equal(toJudge()(assertion, '10.0.0.2').id, undefined)
  })

  it('says when an assertion ends, and takes none after', () => {
    const { toJudge, make, wait } = makeWorld()
    const assertion = make('a', 100)
    const verdict = toJudge()(assertion, '10.0.0.1')
    assert.deepEqual('notAfter' in verdict && verdict.notAfter, new Date(startMs + 100_000))
    wait(100_000)
    assert.equal(toJudge()(assertion, '10.0.0.1').id, undefined)
    assert.equal(toJudge()(make('a', 100), '10.0.0.1').id, id)
  })
})
