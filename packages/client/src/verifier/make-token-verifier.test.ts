import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeIssuer } from '../test/make-issuer.ts'
import { type KeySource, makeKeySet } from './make-key-set.ts'
import { makeTokenVerifier } from './make-token-verifier.ts'

const issuer = makeIssuer()

function makeVerifier(keys: KeySource = makeKeySet(issuer.jwksJson), rememberedTokens = 8) {
  return makeTokenVerifier<string>({ keys, algorithms: ['ES256'], maxLifetimeSeconds: 600, rememberedTokens })
}

function verified(verifier: ReturnType<typeof makeVerifier>, token: string) {
  const result = verifier.verifySignature(token)
  assert.ok(result.ok)
  return result.token
}

test('a token seen again is the same object and keeps what was attached', () => {
  const verifier = makeVerifier()
  const token = issuer.sign()
  verified(verifier, token).attachment = 'principal'
  const again = verified(verifier, `${token} `.trim())
  assert.equal(again.attachment, 'principal')
  assert.equal(again.keyId, 'k1')
})

test('a token that differs from a remembered one before its last 43 characters is verified anew', () => {
  const verifier = makeVerifier()
  const token = issuer.sign()
  verified(verifier, token)
  const [head, , signature] = token.split('.')
  const body = Buffer.from(JSON.stringify({ sub: 'someone-else' })).toString('base64url')
  assert.deepEqual(verifier.verifySignature(`${head}.${body}.${signature}`), {
    ok: false,
    reason: 'BAD_SIGNATURE',
  })
  assert.ok(verified(verifier, token))
})

test('at most the given number is remembered, those used lately longest', () => {
  const verifier = makeVerifier(undefined, 4)
  const tokens = Array.from({ length: 6 }, (_, n) => issuer.sign({ jti: `t${n}` }))
  const [first = '', ...others] = tokens
  verified(verifier, first).attachment = 'kept'
  for (const other of others) {
    verified(verifier, other).attachment = 'seen'
    assert.equal(verified(verifier, first).attachment, 'kept')
  }
  const remembered = tokens.filter((token) => verified(verifier, token).attachment !== undefined)
  assert.ok(remembered.length <= 4 && remembered.includes(first), `${remembered.length}`)
})

test('with nothing to remember every token is verified anew', () => {
  const verifier = makeVerifier(undefined, 0)
  const token = issuer.sign()
  verified(verifier, token).attachment = 'x'
  assert.equal(verified(verifier, token).attachment, undefined)
})

test('a key that leaves the source takes its remembered tokens along; the same key read again keeps them', () => {
  let keys = makeKeySet(issuer.jwksJson)
  const verifier = makeVerifier({ find: (keyId) => keys.find(keyId) })
  const token = issuer.sign()
  verified(verifier, token).attachment = 'kept'
  keys = makeKeySet(issuer.jwksJson)
  assert.equal(verified(verifier, token).attachment, 'kept')
  keys = makeKeySet('{"keys":[]}')
  assert.deepEqual(verifier.verifySignature(token), { ok: false, reason: 'UNKNOWN_KEY' })
  keys = makeKeySet(makeIssuer().jwksJson)
  assert.deepEqual(verifier.verifySignature(token), { ok: false, reason: 'BAD_SIGNATURE' })
})

test('a refused token is not remembered: it verifies once its key is there', () => {
  let keys = makeKeySet('{"keys":[]}')
  const verifier = makeVerifier({ find: (keyId) => keys.find(keyId) })
  const token = issuer.sign()
  assert.deepEqual(verifier.verifySignature(token), { ok: false, reason: 'UNKNOWN_KEY' })
  keys = makeKeySet(issuer.jwksJson)
  assert.ok(verified(verifier, token))
})

test('what is not a text is MALFORMED, whatever it looks like', () => {
  const verifier = makeVerifier()
  const token = issuer.sign()
  for (const value of [undefined, null, 0, {}, [token], { toString: () => token, length: 1 }, Symbol('x')]) {
    assert.deepEqual(verifier.verifySignature(value as string), { ok: false, reason: 'MALFORMED' })
  }
})

test('every fault is told as a refusal', () => {
  const verifier = makeVerifier()
  const token = issuer.sign()
  const refusals = [
    ['', 'MALFORMED'],
    [issuer.sign({}, { typ: 'JWT' }), 'WRONG_TYPE'],
    [issuer.sign({}, { kid: 'k2' }), 'UNKNOWN_KEY'],
    [token.replace(/\.[^.]*\./, '.e30.'), 'BAD_SIGNATURE'],
  ] as const
  for (const [text, reason] of refusals) {
    assert.deepEqual(verifier.verifySignature(text), { ok: false, reason })
  }
})
