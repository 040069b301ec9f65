import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import {
  makeKeySet,
  readAccessToken,
  type SigningAlgorithm,
  signingAlgorithms,
} from '@immersiverse/auth-client/verifier'
import { makeAccessTokens } from './access-tokens.ts'
import { facts, options } from './test/token-facts.ts'
import { toAccessTokenClaims } from './to-access-token-claims.ts'

const pairs: Readonly<
  Record<SigningAlgorithm, { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>
> = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EdDSA: generateKeyPairSync('ed25519'),
}
const keys = signingAlgorithms.map((algorithm) => ({
  id: algorithm,
  algorithm,
  privateKey: pairs[algorithm].privateKey,
}))
const jwks = signingAlgorithms.map((alg) => ({
  ...pairs[alg].publicKey.export({ format: 'jwk' }),
  alg,
  kid: alg,
}))
const keySet = makeKeySet(JSON.stringify({ keys: jwks }))
const rules = { keys: keySet, algorithms: new Set(signingAlgorithms), maxLifetimeSeconds: 600 }

test('a token of every algorithm is verified by the public half of its key, and says what was issued', () => {
  const tokens = makeAccessTokens(options)
  for (const key of keys) {
    const { token } = tokens.sign(key, facts)
    const read = readAccessToken(token, rules)
    assert.ok(typeof read === 'object', `${key.id}: ${read}`)
    assert.equal(read.key.keyId, key.id)
    assert.partialDeepStrictEqual(read.claims, {
      ...toAccessTokenClaims(facts, options),
      aud: ['immersiverse'],
    })
  }
})

test('its header has the algorithm, the type and the key, whichever key signed before', () => {
  const tokens = makeAccessTokens(options)
  for (const key of [...keys, ...keys]) {
    const [header = ''] = tokens.sign(key, facts).token.split('.')
    assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), {
      alg: key.algorithm,
      typ: 'at+jwt',
      kid: key.id,
    })
  }
})

test('its end is told in whole seconds, as it stands in the token', () => {
  const [key] = keys
  assert.ok(key)
  const { expiresAt } = makeAccessTokens(options).sign(key, facts)
  assert.deepEqual(expiresAt, new Date(1_800_000_600_000))
})
