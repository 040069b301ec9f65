import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isSignatureValid } from './is-signature-valid.ts'
import { type KeySet, KeySetError, makeKeySet } from './make-key-set.ts'
import { readAccessToken } from './read-access-token.ts'
import { type SignatureAlgorithm, signatureAlgorithms } from './signature-algorithms.ts'
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

const everyAlgorithm = Object.keys(signatureAlgorithms) as SignatureAlgorithm[]

/** Cases marked valid that are refused on purpose, by reason; every other case of the file has its `result`. */
const outOfReach = {
  'HS*: a verifier of public keys has no shared secrets (RFC 8725 §3.2)': [
    1, 348, 352, 357, 358, 359, 372, 373, 376, 377,
  ],
  'the key says PS256, the token PS384: the key would be used with two algorithms (RFC 7517 §4.4, RFC 8725 §3.1)':
    [346, 350],
  'the key says ES521, which is no algorithm (RFC 7518 §3.1: ES512)': [347, 351],
}
/** The keys of the last two reasons with the `alg` that the case's token names: then it verifies. */
const corrected: Record<number, SignatureAlgorithm> = {
  346: 'PS384',
  350: 'PS384',
  347: 'ES512',
  351: 'ES512',
}

const jwsGroups = () => load('wycheproof/json_web_signature_test.json').testGroups as JwsGroup[]

function findAlgorithm(name: unknown): SignatureAlgorithm | undefined {
  return everyAlgorithm.find((algorithm) => algorithm === name)
}

function toKeySet(
  jwk: Record<string, unknown> | undefined,
  algorithms: readonly SignatureAlgorithm[] = everyAlgorithm,
): KeySet {
  return makeKeySet(JSON.stringify({ keys: jwk === undefined ? [] : [jwk] }), algorithms)
}

/** The verdict of the JWS layer on one text or JSON serialisation, any `typ`. */
function isAccepted(jws: unknown, keys: KeySet, algorithms: readonly SignatureAlgorithm[]): boolean {
  const text = typeof jws === 'string' ? jws : JSON.stringify(jws)
  const rules = { keys, algorithms: new Set(algorithms), isType: () => true }
  return typeof verifyCompactJws(text, rules) === 'object'
}

function withoutPrivate(jwk: object): Record<string, unknown> {
  const secret = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => !secret.includes(name)))
}

test("Wycheproof JWS: all 401 cases have their verdict under the group's key and algorithm, 14 named ones aside", {
  skip,
}, (context) => {
  const refused: number[] = []
  const seen = { valid: 0, invalid: 0 }
  for (const group of jwsGroups()) {
    const algorithm = findAlgorithm(group.public?.alg)
    const allowed = algorithm === undefined ? [] : [algorithm]
    const keys = toKeySet(group.public, allowed)
    for (const { tcId, comment, jws, result } of group.tests) {
      const accepted = isAccepted(jws, keys, allowed)
      // A key is bound to its own algorithm whatever else is allowed.
      assert.equal(isAccepted(jws, toKeySet(group.public), everyAlgorithm), accepted, `${tcId} ${comment}`)
      if (result === 'valid' && !accepted) refused.push(tcId)
      else assert.equal(accepted, result === 'valid', `${tcId} ${comment}`)
      seen[result]++
    }
  }
  assert.deepEqual(seen, { valid: 46, invalid: 355 })
  assert.deepEqual(
    refused,
    Object.values(outOfReach)
      .flat()
      .sort((a, b) => a - b),
  )
  context.diagnostic(`${46 - refused.length} valid accepted, 355 invalid refused; refused although valid:`)
  for (const [reason, cases] of Object.entries(outOfReach)) context.diagnostic(`${cases.length} × ${reason}`)
})

test('Wycheproof JWS: the four cases whose key names another algorithm verify once it names theirs', {
  skip,
}, () => {
  const verified: number[] = []
  for (const group of jwsGroups()) {
    for (const { tcId, jws } of group.tests) {
      const algorithm = corrected[tcId]
      if (algorithm === undefined) continue
      const keys = toKeySet({ ...group.public, alg: algorithm }, [algorithm])
      if (isAccepted(jws, keys, [algorithm])) verified.push(tcId)
    }
  }
  assert.deepEqual(verified, [346, 347, 350, 351])
})

test('Wycheproof JWS: as the service configures it (ES256), every other algorithm is refused', {
  skip,
}, () => {
  for (const group of jwsGroups()) {
    const keys = makeKeySet(JSON.stringify({ keys: group.public === undefined ? [] : [group.public] }))
    for (const { tcId, comment, jws, result } of group.tests) {
      const isOurs = group.public?.alg === 'ES256'
      assert.equal(isAccepted(jws, keys, ['ES256']), result === 'valid' && isOurs, `${tcId} ${comment}`)
      const rules = { keys, algorithms: new Set(['ES256'] as const), maxLifetimeSeconds: 900 }
      assert.equal(typeof readAccessToken(String(jws), rules), 'string', 'none of them is an access token')
    }
  }
})

test('Wycheproof JWS: groups with symmetric keys are refused as a key set', { skip }, () => {
  let groups = 0
  for (const { private: key } of jwsGroups()) {
    if (key?.kty !== 'oct') continue
    assert.throws(() => toKeySet(key), KeySetError)
    groups++
  }
  assert.equal(groups, 4)
})

for (const [file, algorithm, valid, invalid] of [
  ['ed25519_test.json', 'EdDSA', 88, 63],
  ['ecdsa_secp256r1_sha256_p1363_test.json', 'ES256', 173, 89],
] as const) {
  test(`Wycheproof ${file}: ${valid} valid accepted, ${invalid} invalid refused, no others`, { skip }, () => {
    const seen: Record<string, number> = {}
    for (const group of load(`wycheproof/${file}`).testGroups as SignatureGroup[]) {
      const key = Buffer.from(group.publicKeyDer, 'hex')
      const publicKey = createPublicKey({ key, format: 'der', type: 'spki' })
      for (const { tcId, msg, sig, result } of group.tests) {
        const [data, signature] = [Buffer.from(msg, 'hex'), Buffer.from(sig, 'hex')]
        const verdict = isSignatureValid({ keyId: 'k', algorithm, publicKey }, data, signature)
        assert.equal(verdict, result === 'valid', `${tcId}`)
        seen[result] = (seen[result] ?? 0) + 1
      }
    }
    assert.deepEqual(seen, { valid, invalid })
  })

  test(`Wycheproof ${file}: its keys as JWK are the keys of its DER`, { skip }, () => {
    for (const { publicKeyJwk, publicKeyDer } of load(`wycheproof/${file}`).testGroups as SignatureGroup[]) {
      if (publicKeyJwk === undefined) continue
      const { publicKey } = toKeySet({ ...publicKeyJwk, kid: 'k' }).find('k') ?? {}
      assert.equal(publicKey?.export({ format: 'der', type: 'spki' }).toString('hex'), publicKeyDer)
    }
  })
}

interface CookbookSignature {
  protected?: { alg?: string }
  unprotected?: { alg?: string }
  'sig-input': string
  sig: string
}
interface CookbookExample {
  input: { key: Record<string, unknown> | Record<string, unknown>[] }
  signing: CookbookSignature | CookbookSignature[]
  output: { compact?: string; json?: object; json_flat?: object }
}

/** RFC 7520 §4, RFC 8037 and RFC 7797 examples; §5 and after is encryption (JWE), which no token of ours uses. */
function cookbook(): [name: string, example: CookbookExample][] {
  return ['jws', 'rfc7797', 'curve25519'].flatMap((part) => {
    const files = readdirSync(join(folder ?? '', 'rfc7520', part)).filter((file) => file.endsWith('.json'))
    return files.map((file): [string, CookbookExample] => [file, load(`rfc7520/${part}/${file}`)])
  })
}

test('RFC 7520: compact forms verify with a public key and a kid, all 3; JSON forms never, all 21', {
  skip,
}, () => {
  const verified: string[] = []
  const refused: string[] = []
  for (const [name, { input, output }] of cookbook()) {
    const jwk = [input.key].flat().map(withoutPrivate)[0]
    for (const form of ['compact', 'json', 'json_flat'] as const) {
      const jws = output[form]
      if (jws === undefined) continue
      const isVerified = everyAlgorithm.some((algorithm) => {
        const keys = jwk?.kty === 'oct' ? toKeySet(undefined) : toKeySet({ kid: 'k', ...jwk }, [algorithm])
        return isAccepted(jws, keys, [algorithm])
      })
      ;(isVerified ? verified : refused).push(`${name} ${form}`)
    }
  }
  assert.deepEqual(verified, [
    '4_1.rsa_v15_signature.json compact',
    '4_2.rsa-pss_signature.json compact',
    '4_3.ecdsa_signature.json compact',
  ])
  assert.deepEqual(
    refused.filter((name) => name.endsWith('compact')),
    [
      // HS256.
      '4_4.hmac-sha2_integrity_protection.json compact',
      '4_5.signature_with_detached_content.json compact',
      // HS256, b64 and crit.
      'hmac-sha2_b64_false.json compact',
      // No kid: the token does not say which key (contract §5).
      'jws.json compact',
    ],
  )
  assert.equal(refused.length - 4, 21)
})

test('RFC 7520: every signature by a public key verifies with the primitive, and not after a change', {
  skip,
}, () => {
  const verified: string[] = []
  for (const [name, { input, signing }] of cookbook()) {
    const jwks = [input.key].flat()
    for (const [at, one] of [signing].flat().entries()) {
      const algorithm = findAlgorithm(one.protected?.alg ?? one.unprotected?.alg)
      if (algorithm === undefined) continue
      const key = toKeySet({ ...withoutPrivate(jwks[at] ?? {}), kid: 'k', alg: algorithm }).find('k')
      const signature = Buffer.from(one.sig, 'base64url')
      assert.ok(key && isSignatureValid(key, Buffer.from(one['sig-input']), signature), name)
      assert.ok(!isSignatureValid(key, Buffer.from(`${one['sig-input']}A`), signature), name)
      verified.push(`${name} ${algorithm}`)
    }
  }
  assert.deepEqual(verified, [
    '4_1.rsa_v15_signature.json RS256',
    '4_2.rsa-pss_signature.json PS384',
    '4_3.ecdsa_signature.json ES512',
    '4_8.multiple_signatures.json RS256',
    '4_8.multiple_signatures.json ES512',
    'jws.json EdDSA',
  ])
})
