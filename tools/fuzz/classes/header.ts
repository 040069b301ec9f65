import fc from 'fast-check'
import { makeTokenComparison } from '../compare-tokens.ts'
import type { MakeFuzzClass } from '../fuzz-class.ts'
import { editJson, jsonEdits } from '../json-edits.ts'
import { signToken, toHeader, type World } from '../world.ts'

const absent = Symbol('absent')

const algorithms = [
  ...[
    'ES256',
    'RS256',
    'EdDSA',
    'ES384',
    'ES512',
    'RS384',
    'RS512',
    'PS256',
    'PS384',
    'PS512',
    'ES256K',
    'Ed25519',
  ],
  ...[
    'none',
    'None',
    'NONE',
    'nOnE',
    'HS256',
    'HS384',
    'HS512',
    'es256',
    'EDDSA',
    'RS256 ',
    '',
    'RS1',
    'ECDH-ES',
  ],
]
const attackerJwk = { kty: 'oct', k: 'AAAA' }
const values: Readonly<Record<string, readonly unknown[]>> = {
  alg: [...algorithms, absent, null, 1, ['ES256'], { ES256: 1 }, true],
  kid: [
    ...[
      'k-es',
      'k-ed',
      'k-rs',
      'K-ed',
      'k-es2',
      'k-rs2',
      'K-ES',
      'k-E',
      'k-es ',
      ' k-es',
      'k-es\0',
      '../k-es',
      '',
    ],
    ...[
      '__proto__',
      'constructor',
      'toString',
      'x'.repeat(128),
      'x'.repeat(129),
      'k-es\ud800',
      'k‑es',
      absent,
      null,
    ],
    ...[0, 1, ['k-es'], { 'k-es': 1 }, true],
  ],
  typ: [
    ...[
      'at+jwt',
      'AT+JWT',
      'At+Jwt',
      'application/at+jwt',
      'Application/AT+JWT',
      'JWT',
      'jwt',
      'at+jwt ',
      ' at+jwt',
    ],
    ...[
      'at+jwt;v=1',
      'at jwt',
      'at+jw',
      'application/',
      'text/at+jwt',
      'application/at+jwt\n',
      'dpop+jwt',
      '',
      absent,
    ],
    ...[null, 1, ['at+jwt'], { typ: 'at+jwt' }, 'ａt+jwt'],
  ],
  crit: [[], ['exp'], ['b64'], ['alg'], ['crit'], null, 'exp', {}, false, 0],
  b64: [true, false, null, 'false'],
  zip: ['DEF', null, ''],
  jku: ['https://attacker.example/jwks', '', null],
  x5u: ['https://attacker.example/cert', null],
  x5c: [['AAAA'], [], null],
  jwk: [attackerJwk, {}, null],
  cty: ['JWT', 'at+jwt', '', null],
  enc: ['A128GCM', null],
  x5t: ['AAAA'],
  iss: ['https://auth.example'],
  Alg: ['none'],
  CRIT: [['exp']],
}
const names = Object.keys(values)

/** How the token is signed, as an attacker might: not at all, by what the header says, by a stranger, or honestly. */
const signings = ['key', 'key', 'key', 'header', 'stranger', 'nothing', 'other key'] as const

const inputs = fc.record(
  {
    // Mostly those that sign fast.
    key: fc.constantFrom(0, 1, 3, 1, 3, 4, 0, 1, 3, 2, 1, 3, 1, 3, 5),
    edits: fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(99)), { maxLength: 2 }),
    json: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: jsonEdits }),
    signing: fc.constantFrom(...signings),
  },
  { noNullPrototype: true },
)

type Input = typeof inputs extends fc.Arbitrary<infer T> ? T : never

/** Headers of every shape over good claims, signed so that nothing but the header speaks against the token. */
export const makeHeaderClass: MakeFuzzClass<Input> = (world, subject, tally) => {
  const { compare } = makeTokenComparison(world, subject, tally)
  return { inputs, check: (input) => compare(toToken(world, input)) }
}

function toToken({ keys, strangers, pool }: World, { key: at, edits, json, signing }: Input): string {
  const key = keys[at % keys.length] ?? keys[0]
  const good = pool[at % pool.length]
  if (key === undefined || good === undefined) throw new Error('a world has keys and tokens')
  const header: Record<string, unknown> = { ...toHeader(key) }
  for (const [name, pick] of edits) {
    const list = values[name] ?? []
    const value = list[pick % list.length]
    if (value === absent) delete header[name]
    else header[name] = value
  }
  const text = editJson(JSON.stringify(header), json)
  const payload = JSON.stringify(good.claims)
  const signer = signing === 'stranger' ? strangers.find(({ algorithm }) => algorithm === key.algorithm) : key
  const other = signing === 'other key' ? keys[(at + 1) % keys.length] : signer
  const algorithm = signing === 'header' ? String(header.alg) : signing === 'nothing' ? 'none' : undefined
  return signToken(text, payload, other ?? key, algorithm)
}
