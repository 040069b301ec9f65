import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CompactSign, exportJWK, generateKeyPair } from 'jose'
import { makeKeySet } from './make-key-set.ts'
import { type SignatureAlgorithm, signatureAlgorithms, signingAlgorithms } from './signature-algorithms.ts'
import { verifyCompactJws } from './verify-compact-jws.ts'

const names = Object.keys(signatureAlgorithms) as SignatureAlgorithm[]

for (const algorithm of names) {
  test(`what jose signs with ${algorithm} verifies by that algorithm and by no other`, async () => {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
    const { alg: _, ...jwk } = { ...(await exportJWK(publicKey)), kid: 'k' }
    const jws = await new CompactSign(Buffer.from('x'))
      .setProtectedHeader({ alg: algorithm, kid: 'k' })
      .sign(privateKey)
    const verifiers = names.filter((name) => {
      const keys = makeKeySet(JSON.stringify({ keys: [jwk] }), [name])
      // Also where the verifier allows everything, the key's algorithm decides.
      return (
        typeof verifyCompactJws(jws, { keys, algorithms: new Set(names), isType: () => true }) === 'object'
      )
    })
    assert.deepEqual(verifiers, [algorithm])
  })
}

test('access tokens have three of them', () => {
  assert.deepEqual(signingAlgorithms, ['ES256', 'RS256', 'EdDSA'])
})
