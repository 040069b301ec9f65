import assert from 'node:assert/strict'
import { generateKeyPairSync, verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { type CallerKeyJwk, makeAssertions } from './make-assertions.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = { ...privateKey.export({ format: 'jwk' }), kid: 'k1' } as CallerKeyJwk
const id = 'spiffe://immersiverse/ns/test/sa/batch'
const audience = 'https://auth.example'
const startMs = 1_800_000_000_900

/** A source under a clock that the test moves. */
function open(source: string | CallerKeyJwk = key) {
  const time = { nowMs: startMs }
  let ids = 0
  const parts = { nowMs: () => time.nowMs, newId: () => `id-${++ids}` }
  return { time, get: makeAssertions({ id, key: source, audience }, parts) }
}

function read(assertion: string) {
  const [header = '', claims = '', signature = ''] = assertion.split('.')
  const signer = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
  const bytes = Buffer.from(signature, 'base64url')
  assert.ok(verify('sha256', Buffer.from(`${header}.${claims}`), signer, bytes))
  return [header, claims].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
}

it('an assertion names the caller, the service and its end, signed by the caller’s key', () => {
  const iat = 1_800_000_000
  assert.deepEqual(read(open().get()), [
    { alg: 'ES256', kid: 'k1', typ: 'client-authentication+jwt' },
    { iss: id, sub: id, aud: audience, iat, exp: iat + 240, jti: 'id-1' },
  ])
})

it('one is used for two minutes, and the next has an id of its own', () => {
  const { time, get } = open()
  const first = get()
  time.nowMs += 119_999
  assert.equal(get(), first)
  time.nowMs += 1
  const [, claims] = read(get())
  assert.deepEqual([claims.jti, claims.iat], ['id-2', 1_800_000_120])
})

it('a clock that is set back gets a new one: the old one would be of the future', () => {
  const { time, get } = open()
  const first = get()
  assert.equal(get(), first)
  time.nowMs -= 60_000
  const second = get()
  const [, { iat, jti }] = read(second)
  assert.deepEqual([iat, jti], [1_799_999_940, 'id-2'])
  assert.equal(get(), second)
})

it('the key may stand in a file', (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'assertions-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'key.json')
  writeFileSync(file, JSON.stringify(key))
  assert.equal(read(open(file).get())[0].kid, 'k1')
  const missing = join(folder, 'missing.json')
  assert.throws(() => open(missing), { name: 'TypeError', message: /missing\.json cannot be used: ENOENT/ })
})

it('what is no private P-256 key with a kid is none', () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'jwk' })
  const { kid: _, ...nameless } = key
  const { d: __, ...withoutSecret } = key
  for (const wrong of [{ ...other, kid: 'k1' } as CallerKeyJwk, nameless, { ...key, kid: '' }]) {
    assert.throws(() => open(wrong), {
      name: 'TypeError',
      message: 'assertion.key: the JWK cannot be used: it is no P-256 key with a kid',
    })
  }
  assert.throws(() => open(withoutSecret), {
    name: 'TypeError',
    message: /^assertion\.key: the JWK cannot be used: /,
  })
})
