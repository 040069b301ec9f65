import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { makeIssuer, toBase64url } from '../test/make-issuer.ts'
import { KeySetError, makeKeySet } from './make-key-set.ts'
import type { SignatureAlgorithm } from './signature-algorithms.ts'

const good = makeIssuer().jwk
const fromBase64url = (text: unknown) => Buffer.from(String(text), 'base64url')
const set = (...keys: unknown[]) => makeKeySet(JSON.stringify({ keys }))

test('keys of the three types are found by their kid, each bound to its algorithm', () => {
  const issuers = (['ES256', 'RS256', 'EdDSA'] as const).map((algorithm) => makeIssuer(algorithm, algorithm))
  const keys = set(...issuers.map((issuer) => issuer.jwk))
  assert.deepEqual(keys.keyIds, ['ES256', 'RS256', 'EdDSA'])
  for (const name of keys.keyIds) assert.equal(keys.find(name)?.algorithm, name)
  assert.equal(keys.find('es256'), undefined)
})

test('other algorithms only where they are asked for; a key without alg is bound to the first that fits', () => {
  const { alg: _, ...rsa } = makeIssuer('RS256').jwk
  const bind = (jwk: object, ...algorithms: SignatureAlgorithm[]) =>
    makeKeySet(JSON.stringify({ keys: [jwk] }), algorithms).find('k1')?.algorithm
  assert.equal(set(rsa).find('k1')?.algorithm, 'RS256')
  assert.equal(set({ ...rsa, alg: 'PS256' }).find('k1'), undefined)
  assert.equal(bind(rsa, 'ES256', 'PS384', 'RS256'), 'PS384')
  assert.equal(bind({ ...rsa, alg: 'RS256' }, 'PS384', 'RS256'), 'RS256')
  assert.equal(bind({ ...rsa, alg: 'RS256' }, 'PS384'), undefined)
  assert.equal(bind(good, 'EdDSA', 'ES384', 'RS256'), undefined)
})

test('a kid of 128 characters is one', () => {
  assert.deepEqual(set({ ...good, kid: 'x'.repeat(128) }).keyIds, ['x'.repeat(128)])
})

test('keys that could not verify tokens are left out and listed', () => {
  const rsa = (modulusLength: number) =>
    generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' })
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })
  const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
  const bad = [
    { ...good, use: 'enc' },
    { ...good, key_ops: ['encrypt'] },
    { ...good, key_ops: ['verify', 'sign'] },
    { ...good, key_ops: 'verify' },
    { ...good, alg: 'ES384' },
    { ...good, alg: 'none' },
    { ...good, kid: '' },
    { ...good, kid: undefined },
    { ...good, kid: 7 },
    { ...good, kid: 'x'.repeat(129) },
    { ...good, kty: 'XYZ' },
    { ...good, kty: undefined },
    { ...good, x: 'AAAA' },
    { ...good, y: good.x },
    { ...p384, kid: 'p384' },
    { ...x25519, kid: 'x25519' },
    { ...rsa(1024), kid: 'short' },
    null,
    'key',
  ]
  const keys = set(...bad)
  assert.deepEqual(keys.keyIds, [])
  assert.equal(keys.ignored.length, bad.length)
})

test('numbers of a key are read in the one form that RFC 7518 gives them', () => {
  const rsa = makeIssuer('RS256').jwk
  const ed = makeIssuer('EdDSA').jwk
  const withZero = (text: unknown) => toBase64url(Buffer.concat([Buffer.alloc(1), fromBase64url(text)]))
  const bad = [
    { ...good, x: `${good.x}=` },
    { ...good, x: ` ${good.x}` },
    { ...good, y: `${good.y}!` },
    { ...good, y: withZero(good.y) },
    { ...ed, x: `${ed.x}\n` },
    { ...rsa, n: withZero(rsa.n) },
    { ...rsa, e: 'AQAB=' },
    { ...rsa, e: 'AAEAAQ' },
    { ...rsa, e: 'AQ AB' },
    { ...rsa, e: ['AQAB'] },
  ]
  for (const jwk of bad) assert.deepEqual(set(jwk).keyIds, [], JSON.stringify(jwk))
  assert.equal(set(good, { ...rsa, kid: 'rsa' }, { ...ed, kid: 'ed' }).keyIds.length, 3)
})

test('an RSA exponent that is 1, even, small or long is left out', () => {
  const rsa = makeIssuer('RS256').jwk
  // 1, 2, 3, 65535, 65536, 2^32 + 1.
  for (const e of ['AQ', 'Ag', 'Aw', '__8', 'AQAA', 'AQAAAAE']) {
    assert.match(String(set({ ...rsa, e }).ignored), /RSA exponent/, e)
  }
  // 65539, 2^32 - 1.
  for (const e of ['AQAD', '_____w']) assert.deepEqual(set({ ...rsa, e }).keyIds, ['k1'], e)
})

test('RSA keys of 2048 to 8192 bits are used', () => {
  const rsa = (bytes: number, first = 0xff) =>
    set({ kty: 'RSA', kid: 'r', e: 'AQAB', n: toBase64url(Buffer.alloc(bytes, 0xff).fill(first, 0, 1)) })
  assert.deepEqual(rsa(256).keyIds, ['r'])
  assert.deepEqual(rsa(256, 0x7f).ignored, ['keys[0]: RSA key of 2047 bits'])
  assert.deepEqual(rsa(1024).keyIds, ['r'])
  assert.deepEqual(rsa(1025, 0x01).ignored, ['keys[0]: RSA key of 8193 bits'])
})

test('a key of EdDSA may call its algorithm Ed25519, one of ES256 may not', () => {
  const ed = makeIssuer('EdDSA').jwk
  assert.equal(set({ ...ed, alg: 'Ed25519' }).find('k1')?.algorithm, 'EdDSA')
  assert.equal(set({ ...good, alg: 'Ed25519' }).find('k1'), undefined)
})

test('why a key is left out is said with its place, for a log', () => {
  const { ignored } = set(
    'key',
    { ...good, kid: 7 },
    { ...good, crv: 'P-384' },
    { ...good, use: 'enc' },
    { ...good, key_ops: ['sign'] },
    { ...good, x: `${good.x}=` },
    { ...good, x: 'AAAA' },
  )
  assert.deepEqual(ignored, [
    'keys[0]: not an object',
    'keys[1]: kid is not a text of 1 to 128',
    'keys[2]: kty, crv or alg is not supported',
    'keys[3]: use is not sig',
    'keys[4]: key_ops is not verify',
    'keys[5]: not canonical',
    'keys[6]: not a valid public key',
  ])
})

test('a set with a private or symmetric key is refused whole', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  assert.throws(() => set(good, { ...privateKey.export({ format: 'jwk' }), kid: 'p' }), KeySetError)
  assert.throws(() => set({ kty: 'oct', k: 'AAAA', kid: 'o' }), KeySetError)
  assert.throws(() => set({ kty: 'oct', kid: 'o' }), /private or symmetric/)
  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) {
    assert.throws(() => set({ ...good, [member]: 'AQ' }), /private or symmetric/, member)
  }
})

test('two keys of one kid, and texts that are not a JWK Set, are refused', () => {
  assert.throws(() => set(good, makeIssuer().jwk), KeySetError)
  for (const text of ['', '[]', '{}', '{"keys":{}}', 'null', '{"keys":[],"keys":[]}']) {
    assert.throws(() => makeKeySet(text), { name: 'KeySetError', message: 'not a JWK Set' }, text)
  }
})

test('a set of more keys than anybody has is refused before they are read', () => {
  assert.equal(set(...Array.from({ length: 256 }, () => null)).ignored.length, 256)
  assert.throws(() => set(...Array.from({ length: 257 }, () => null)), KeySetError)
})

test('the set cannot be changed', () => {
  const keys = set(good)
  assert.ok(Object.isFrozen(keys) && Object.isFrozen(keys.keyIds) && Object.isFrozen(keys.find('k1')))
})
