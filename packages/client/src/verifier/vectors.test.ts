import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isSignatureValid, type SigningAlgorithm } from './is-signature-valid.ts'
import { type KeySet, KeySetError, makeKeySet } from './make-key-set.ts'
import { readAccessToken } from './read-access-token.ts'
import { verifyCompactJws } from './verify-compact-jws.ts'

const folder = process.env.AUTH_TEST_VECTORS
const skip = folder === undefined ? 'AUTH_TEST_VECTORS names no folder with vectors' : false
const load = (path: string) => JSON.parse(readFileSync(join(folder ?? '', path), 'utf8'))

interface JwsCase {
  tcId: number
  comment: string
  jws: unknown
  result: 'valid' | 'invalid'
}
interface JwsGroup {
  public?: Record<string, unknown>
  private?: Record<string, unknown>
  tests: JwsCase[]
}
interface SignatureGroup {
  publicKey?: { pk?: string; wx?: string; wy?: string }
  publicKeyJwk?: Record<string, unknown>
  publicKeyDer: string
  tests: { tcId: number; msg: string; sig: string; result: string }[]
}

const ours: readonly SigningAlgorithm[] = ['ES256', 'RS256', 'EdDSA']

/** Valid cases that are refused on purpose: HS*, RS384, RS512, PS* and ES512 are algorithms no token of ours may have. */
const outOfReach = [
  1, 264, 265, 266, 267, 268, 269, 270, 271, 272, 273, 274, 275, 287, 288, 320, 321, 322, 323, 325, 326, 327,
  328, 346, 347, 348, 350, 351, 352, 357, 358, 359, 372, 373, 376, 377,
]

function toKeySet(jwk: Record<string, unknown> | undefined): KeySet {
  return makeKeySet(JSON.stringify({ keys: jwk === undefined ? [] : [jwk] }))
}

/** The verdict of the JWS layer on one case, any `typ`. */
function isAccepted(test: JwsCase, keys: KeySet, algorithms: readonly SigningAlgorithm[]): boolean {
  const text = typeof test.jws === 'string' ? test.jws : JSON.stringify(test.jws)
  const rules = { keys, algorithms: new Set(algorithms), isType: () => true }
  return typeof verifyCompactJws(text, rules) === 'object'
}

test('Wycheproof JWS: every case has its verdict, with the key of its group and that algorithm alone', {
  skip,
}, () => {
  const groups = load('wycheproof/json_web_signature_test.json').testGroups as JwsGroup[]
  const refusedValid: number[] = []
  let seen = 0
  for (const group of groups) {
    const algorithm = ours.find((name) => name === group.public?.alg)
    const keys = toKeySet(group.public)
    for (const one of group.tests) {
      const accepted = algorithm !== undefined && isAccepted(one, keys, [algorithm])
      if (one.result === 'valid' && !accepted) refusedValid.push(one.tcId)
      else assert.equal(accepted, one.result === 'valid', `${one.tcId} ${one.comment}`)
      seen++
    }
  }
  assert.equal(seen, 401)
  assert.deepEqual(refusedValid, outOfReach)
})

test('Wycheproof JWS: as the service configures it (ES256), every other algorithm is refused', {
  skip,
}, () => {
  for (const group of load('wycheproof/json_web_signature_test.json').testGroups as JwsGroup[]) {
    for (const one of group.tests) {
      const accepted = isAccepted(one, toKeySet(group.public), ['ES256'])
      assert.equal(
        accepted,
        one.result === 'valid' && group.public?.alg === 'ES256',
        `${one.tcId} ${one.comment}`,
      )
      const rules = {
        keys: toKeySet(group.public),
        algorithms: new Set(['ES256'] as const),
        maxLifetimeSeconds: 900,
      }
      assert.equal(
        typeof readAccessToken(String(one.jws), rules),
        'string',
        'none of them is an access token',
      )
    }
  }
})

test('Wycheproof JWS: groups with symmetric keys are refused as a key set', { skip }, () => {
  for (const group of load('wycheproof/json_web_signature_test.json').testGroups as JwsGroup[]) {
    if (group.private?.kty === 'oct') assert.throws(() => toKeySet(group.private), KeySetError)
  }
})

for (const [file, algorithm] of [
  ['ed25519_test.json', 'EdDSA'],
  ['ecdsa_secp256r1_sha256_p1363_test.json', 'ES256'],
] as const) {
  test(`Wycheproof ${file}: the primitive as it is called here has every verdict`, { skip }, () => {
    const { testGroups, numberOfTests } = load(`wycheproof/${file}`)
    let seen = 0
    for (const group of testGroups as SignatureGroup[]) {
      const publicKey = createPublicKey({
        key: Buffer.from(group.publicKeyDer, 'hex'),
        format: 'der',
        type: 'spki',
      })
      for (const one of group.tests) {
        const key = { keyId: 'k', algorithm, publicKey }
        const verdict = isSignatureValid(key, Buffer.from(one.msg, 'hex'), Buffer.from(one.sig, 'hex'))
        assert.equal(verdict, one.result === 'valid', `${one.tcId}`)
        seen++
      }
    }
    assert.equal(seen, numberOfTests)
  })
}

test('RFC 7520: compact forms verify where the algorithm is ours, JSON forms never', { skip }, () => {
  const verified: string[] = []
  const files = ['jws', 'rfc7797', 'curve25519'].flatMap((name) => {
    const inside = name === 'curve25519' ? ['jws.json'] : readdirSync(join(folder ?? '', 'rfc7520', name))
    return inside.filter((file) => file.endsWith('.json')).map((file) => join('rfc7520', name, file))
  })
  for (const file of files) {
    const { input, output } = load(file)
    const jwk = Object.fromEntries(
      Object.entries((input.key ?? {}) as object).filter(
        ([name]) => !'d p q dp dq qi k'.split(' ').includes(name),
      ),
    )
    const keys = jwk.kty === 'oct' ? makeKeySet('{"keys":[]}') : toKeySet({ ...jwk, kid: jwk.kid ?? 'none' })
    for (const form of ['compact', 'json', 'json_flat'] as const) {
      if (output[form] === undefined) continue
      const jws = typeof output[form] === 'string' ? output[form] : JSON.stringify(output[form])
      const accepted = isAccepted({ tcId: 0, comment: '', jws, result: 'valid' }, keys, ours)
      if (accepted) verified.push(`${file} ${form}`)
    }
  }
  assert.deepEqual(verified, ['rfc7520/jws/4_1.rsa_v15_signature.json compact'])
})
