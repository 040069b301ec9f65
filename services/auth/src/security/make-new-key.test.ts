import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeNewKey } from './make-new-key.ts'
import { makeSeal } from './seal.ts'

const seal = makeSeal([Buffer.alloc(32, 7)])

describe('a new key', () => {
  it('is of the algorithm asked for, and public where it signs', async () => {
    for (const [algorithm, shape] of [
      ['ES256', { kty: 'EC', crv: 'P-256' }],
      ['RS256', { kty: 'RSA', e: 'AQAB' }],
      ['EdDSA', { kty: 'OKP', crv: 'Ed25519' }],
    ] as const) {
      const made = await makeNewKey('signing', algorithm, seal)
      assert.equal(made.algorithm, algorithm)
      assert.equal(made.purpose, 'signing')
      const { kid, alg, use, d, ...rest } = made.publicJwk ?? {}
      assert.deepEqual([kid, alg, use, d], [made.id, algorithm, 'sig', undefined])
      assert.partialDeepStrictEqual(rest, shape)
      assert.match(made.id, /^\w[\w-]{15}$/)
      // NIST SP 800-57 counts 3072 bits as strong as P-256.
      if (algorithm === 'RS256') assert.equal(Buffer.from(String(rest.n), 'base64url').length, 384)
    }
  })

  it('is secret where it does not sign', async () => {
    const { id, purpose, algorithm, publicJwk } = await makeNewKey('refresh', 'ES256', seal)
    assert.deepEqual([purpose, algorithm, publicJwk], ['refresh', 'HS256', undefined])
    assert.match(id, /^[0-9a-f]{8}$/)
  })
})
