import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'

/** A change of a JWK: of which member, and two numbers that say how. */
export interface JwkEdit {
  readonly member: string
  readonly at: number
  readonly pick: number
}

type Jwk = Readonly<Record<string, unknown>>

const absent = Symbol('absent')
const material = ['x', 'y', 'n', 'e']

const values: Readonly<Record<string, readonly unknown[]>> = {
  kty: ['EC', 'RSA', 'OKP', 'oct', 'ec', 'rsa', 'EC ', absent, null, 1, ['EC'], 'AKP', '__proto__'],
  crv: [
    'P-256',
    'P-384',
    'P-521',
    'secp256k1',
    'Ed25519',
    'Ed448',
    'X25519',
    'p-256',
    absent,
    null,
    1,
    ['P-256'],
  ],
  alg: [
    ...[
      'ES256',
      'RS256',
      'EdDSA',
      'Ed25519',
      'PS256',
      'RS512',
      'ES384',
      'HS256',
      'none',
      '',
      'es256',
      absent,
      null,
      1,
    ],
    ...[['ES256'], 'RSA-OAEP', 'constructor', 'RS256'],
  ],
  use: ['sig', 'enc', 'SIG', '', null, absent, ['sig'], 1],
  key_ops: [
    ...[
      ['verify'],
      ['sign'],
      ['verify', 'sign'],
      [],
      'verify',
      null,
      ['verify', 'verify'],
      ['Verify'],
      [['verify']],
    ],
    ...[{ 0: 'verify', length: 1 }, ['encrypt']],
  ],
  kid: [
    ...[
      'k-es',
      'k-ed',
      'k-rs',
      '',
      absent,
      null,
      1,
      ['k'],
      'x'.repeat(128),
      'x'.repeat(129),
      '__proto__',
      '\ud800',
    ],
    ...['constructor', 'k-es\0', 'K-ES'],
  ],
  d: ['AAAA', '', null],
  p: ['AQ'],
  q: [0],
  dp: ['AQ'],
  dq: ['AQ'],
  qi: ['AQ'],
  oth: [[], null],
  k: ['AAAA', '', false],
  x5c: [['AAAA']],
  x5u: ['https://attacker.example'],
  ext: [true],
}

/** Moduli of other sizes, and keys of other kinds, made once. */
const moduli = [1024, 2047, 2048, 2056, 3072].map(
  (modulusLength) =>
    generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' }).n ?? '',
)
const points = ['P-256', 'P-384', 'secp256k1'].map((namedCurve) =>
  generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' }),
)
const exponents = [
  '',
  'AA',
  'AQ',
  'Ag',
  'Aw',
  'EQ',
  'AQAA',
  'AQAB',
  'AQAD',
  'AAEAAQ',
  'AQAB=',
  'AQAB AQAB',
  '_____w',
].concat([
  '__________8',
  Buffer.alloc(32, 255).toString('base64url'),
  Buffer.alloc(256, 255).toString('base64url'),
  '//8=',
])

/** One change: half of them of the key's numbers. */
export const jwkEdits: fc.Arbitrary<JwkEdit> = fc.record(
  {
    member: fc.oneof(fc.constantFrom(...material), fc.constantFrom(...Object.keys(values))),
    at: fc.nat(9_999),
    pick: fc.nat(9_999),
  },
  { noNullPrototype: true },
)

/** Changes a member of a JWK. */
export function editJwk(jwk: Jwk, { member, at, pick }: JwkEdit): Jwk {
  const list = values[member]
  const value =
    list === undefined ? editNumber(jwk, material.indexOf(member) % 2, at, pick) : list[pick % list.length]
  if (typeof value === 'object' && value !== null && 'whole' in value) return value.whole as Jwk
  const name = list === undefined ? toMember(jwk, material.indexOf(member) % 2) : member
  const { [name]: _, ...rest } = jwk
  return value === absent ? rest : { ...rest, [name]: value }
}

function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

/** `which` of the key's two numbers. */
function toMember({ kty }: Jwk, which: number): string {
  if (kty === 'RSA') return which === 0 ? 'n' : 'e'
  return kty === 'EC' && which === 1 ? 'y' : 'x'
}

function editNumber(jwk: Jwk, which: number, at: number, pick: number): unknown {
  const name = toMember(jwk, which)
  const text = String(jwk[name])
  const bytes = Buffer.from(text, 'base64url')
  const place = at % Math.max(1, bytes.length)
  if (bytes.length === 0) return 'AQAB'
  if (name === 'e' && pick % 3 !== 0) return exponents[at % exponents.length]
  switch (pick % 14) {
    case 0:
      return `${text}=`
    case 1:
      return ` ${text}\n`
    case 2:
      return text.replace(/-/g, '+').replace(/_/g, '/')
    case 3:
      return `${text}!`
    case 4:
      return Buffer.concat([Buffer.alloc(1 + (at % 3)), bytes]).toString('base64url')
    case 5:
      return bytes.subarray(0, place).toString('base64url')
    case 6:
      return toBase64url(bytes.with(place, (bytes[place] ?? 0) ^ (1 << (at % 8))))
    case 7:
      return [absent, null, 1, [text], {}, '', 'A', true][at % 8]
    case 8:
      return Buffer.alloc(
        [0, 1, 31, 32, 33, 255, 256, 257, 1024, 1025, 2048][at % 11] ?? 0,
        at % 256,
      ).toString('base64url')
    case 9:
      return name === 'n'
        ? moduli[at % moduli.length]
        : { whole: { ...points[at % points.length], kid: jwk.kid } }
    case 10:
      return text.slice(0, -1) + 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[at % 26]
    case 11:
      return Buffer.concat([bytes, bytes.subarray(0, at % 40)]).toString('base64url')
    case 12:
      return { whole: { ...jwk, x: jwk.y, y: jwk.x } }
    default:
      return name === 'n' ? makeEven(bytes) : toNegative(bytes)
  }
}

function makeEven(bytes: Buffer): string {
  return toBase64url(bytes.with(-1, (bytes.at(-1) ?? 0) & 0xfe))
}

/** p − v: the other point of the same x, or one off the curve. */
function toNegative(bytes: Buffer): string {
  const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
  const value = bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`)
  const hex = (((p - value) % p) + p) % p
  return Buffer.from(hex.toString(16).padStart(64, '0'), 'hex').toString('base64url')
}
