import { readBase64url } from './read-base64url.ts'
import { type Json, JsonMembers, readJson } from './read-json.ts'
import type { ReferenceKey } from './read-key-set.ts'
import type { Insist, TokenRule } from './rules.ts'
import { verifySignature } from './verify-signature.ts'

/** What a token is judged by. */
export interface TokenTerms {
  readonly keys: ReadonlyMap<string, ReferenceKey>
  readonly algorithms: readonly string[]
  readonly maxLifetimeSeconds: number
}

/** When, where and for what it is judged. */
export interface Moment {
  readonly nowSeconds: number
  readonly leewaySeconds: number
  readonly issuer: string
  readonly audience: string
  readonly requiredRoles: readonly string[]
}

const base64url = ['base64url alphabet', 'base64url length', 'base64url trailing bits'] as const

/**
 * Judges an access token by every rule, one after the other, in the verifier's documented order: size and form, header, type and algorithm,
 * key, signature, claims, moment. Throws BrokenRule for the first that is broken. Written to be read, not to be fast; shares no code with
 * the verifier.
 */
export function judgeToken(token: unknown, terms: TokenTerms, moment: Moment, insist: Insist): void {
  const text = typeof token === 'string' ? token : ''
  insist('size', text.length <= 8192)
  const parts = text.split('.')
  insist('three parts', typeof token === 'string' && parts.length === 3 && parts[0] !== '')
  insist('signature present', parts[2] !== '' && parts[2] !== undefined)
  const [header, payload, signature] = [0, 1, 2].map((at) =>
    readBase64url(parts[at] ?? '', insist, base64url),
  ) as [Buffer, Buffer, Buffer]
  const { key, alg } = judgeHeader(readObject('header', header, insist), terms, insist)
  const data = Buffer.from(`${parts[0]}.${parts[1]}`, 'utf8')
  insist('signature', key !== undefined && verifySignature(alg, key.publicKey, data, signature))
  const claims = readObject('payload', payload, insist)
  judgeClaims(claims, terms, insist)
  judgeMoment(claims, moment, insist)
}

function readObject(part: 'header' | 'payload', bytes: Buffer, insist: Insist): JsonMembers {
  const text = bytes.toString('utf8')
  insist(`${part} is UTF-8`, Buffer.from(text, 'utf8').equals(bytes))
  const read = readJson(text)
  insist(`${part} is JSON`, read !== undefined)
  insist(`${part} ends`, read?.ends === true)
  insist(`${part} is an object`, read?.value instanceof JsonMembers)
  insist(`${part} names once`, read?.namesOnce === true)
  return read?.value instanceof JsonMembers ? read.value : new JsonMembers()
}

function judgeHeader(header: JsonMembers, terms: TokenTerms, insist: Insist) {
  const [alg, kid, typ] = [header.get('alg'), header.get('kid'), header.get('typ')]
  insist('alg is text', typeof alg === 'string')
  insist('kid is text', typeof kid === 'string')
  insist('kid size', typeof kid !== 'string' || (kid.length >= 1 && kid.length <= 128))
  insist('crit understood', !header.has('crit'))
  insist('b64 unknown', !header.has('b64'))
  insist('no keys in the header', !['jku', 'x5u', 'x5c', 'jwk'].some((name) => header.has(name)))
  insist('not compressed, nested or encrypted', !['zip', 'cty', 'enc'].some((name) => header.has(name)))
  insist('typ', typeof typ === 'string' && ['at+jwt', 'application/at+jwt'].includes(toLowerAscii(typ)))
  insist('alg allowed', terms.algorithms.includes(String(alg)))
  const named = typeof kid === 'string' ? terms.keys.get(kid) : undefined
  insist('kid known', typeof kid !== 'string' || named !== undefined)
  // What a careless verifier does with a token that names no key.
  const key = named ?? [...terms.keys.values()][0]
  insist('key and alg agree', key?.algorithm === alg)
  return { key, alg: String(alg) }
}

function judgeClaims(claims: JsonMembers, terms: TokenTerms, insist: Insist): void {
  const kept = (rule: TokenRule, isKept: (value: Json | undefined) => boolean) =>
    insist(rule, isKept(claims.get(rule)))
  for (const name of ['iss', 'sub', 'sid', 'jti'] as const)
    kept(name, (value) => isText(value) && value !== '')
  for (const name of ['client_id', 'tier', 'name'] as const) kept(name, isText)
  kept('aud', (value) => isText(value) || isTexts(value))
  kept('roles', isTexts)
  for (const name of ['iat', 'exp', 'tv'] as const) kept(name, isWhole)
  kept('nbf', (value) => value === undefined || isWhole(value))
  const [iat, exp] = [Number(claims.get('iat')), Number(claims.get('exp'))]
  insist('exp after iat', exp > iat)
  insist('lifetime', exp - iat <= terms.maxLifetimeSeconds)
}

/** Judges good claims at a moment, in the order of the contract. Throws BrokenRule for the first fault. */
export function judgeMoment(claims: JsonMembers, moment: Moment, insist: Insist): void {
  const { nowSeconds, leewaySeconds } = moment
  const number = (name: string) => Number(claims.get(name))
  const list = (name: string) => [claims.get(name)].flat() as unknown[]
  insist('not expired', nowSeconds - leewaySeconds < number('exp'))
  insist('issuer expected', claims.get('iss') === moment.issuer)
  insist('audience expected', list('aud').includes(moment.audience))
  insist('issued before now', !(number('iat') > nowSeconds + leewaySeconds))
  insist('nbf before now', !claims.has('nbf') || number('nbf') <= nowSeconds + leewaySeconds)
  insist(
    'roles there',
    moment.requiredRoles.every((role) => list('roles').includes(role)),
  )
}

/** Text without lone surrogates (RFC 8259 §8.2). */
function isText(value: Json | undefined): boolean {
  return typeof value === 'string' && Buffer.from(value, 'utf8').toString('utf8') === value
}

function isTexts(value: Json | undefined): boolean {
  return Array.isArray(value) && value.every(isText)
}

/** A whole number from 0 that every reader of JSON takes for the same one (RFC 7493 §2.2). */
function isWhole(value: Json | undefined): boolean {
  return typeof value === 'number' && value >= 0 && value <= 2 ** 53 - 1 && Math.floor(value) === value
}

function toLowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 32))
}
