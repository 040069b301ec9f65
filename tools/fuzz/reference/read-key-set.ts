import type { KeyObject } from 'node:crypto'
import { importKey } from './import-key.ts'
import { type Json, JsonMembers, readJson } from './read-json.ts'
import { BrokenRule, type Insist, type KeySetRule } from './rules.ts'

/** A key as the reference verifies with it. */
export interface ReferenceKey {
  readonly algorithm: string
  readonly publicKey: KeyObject
}

/** The keys of a set by their `kid`, in order, and which rules the others broke. */
export interface ReferenceKeySet {
  readonly keys: ReadonlyMap<string, ReferenceKey>
  readonly left: readonly KeySetRule[]
}

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** Reads a JWK Set by the book. Throws BrokenRule for a set that must not be used. */
export function readKeySet(text: string, allowed: readonly string[], insist: Insist): ReferenceKeySet {
  const read = readJson(text)
  insist('set is JSON', read !== undefined)
  insist('set ends', read?.ends === true)
  insist('set is an object', read?.value instanceof JsonMembers)
  insist('set names once', read?.namesOnce === true)
  const list = read?.value instanceof JsonMembers ? read.value.get('keys') : undefined
  insist('keys is a list', Array.isArray(list))
  insist('keys are few', !Array.isArray(list) || list.length <= 256)
  const keys = new Map<string, ReferenceKey>()
  const left: KeySetRule[] = []
  for (const jwk of Array.isArray(list) ? (list as readonly Json[]) : []) {
    try {
      const { keyId, key } = readKey(jwk, allowed, insist)
      insist('kid once', !keys.has(keyId))
      keys.set(keyId, key)
    } catch (error) {
      const rule = error instanceof BrokenRule ? (error.rule as KeySetRule) : 'key size'
      if (rule === 'no private keys' || rule === 'kid once') throw error
      left.push(rule)
    }
  }
  return { keys, left }
}

function readKey(
  jwk: Json,
  allowed: readonly string[],
  insist: Insist,
): { readonly keyId: string; readonly key: ReferenceKey } {
  // Whatever is ignored, what is not an object has no members to read.
  if (!(jwk instanceof JsonMembers)) throw new BrokenRule('key is an object')
  insist('no private keys', jwk.get('kty') !== 'oct' && !privateMembers.some((name) => jwk.has(name)))
  const keyId = jwk.get('kid')
  insist('key has a kid', typeof keyId === 'string' && keyId.length > 0 && keyId.length <= 128)
  const kind = toKind(jwk)
  // Nothing could be made of it.
  if (kind === undefined) throw new BrokenRule('key is of a known kind')
  insist('key is of a known kind', allowed.includes(kind))
  const alg = jwk.get('alg')
  insist('key alg', alg === undefined || alg === kind || (kind === 'EdDSA' && alg === 'Ed25519'))
  insist('key use', !jwk.has('use') || jwk.get('use') === 'sig')
  const operations = jwk.get('key_ops')
  insist(
    'key_ops',
    !jwk.has('key_ops') ||
      (Array.isArray(operations) && operations.length === 1 && operations[0] === 'verify'),
  )
  return { keyId: String(keyId), key: { algorithm: kind, publicKey: importKey(jwk, insist) } }
}

function toKind(jwk: JsonMembers): string | undefined {
  switch (jwk.get('kty')) {
    case 'EC':
      return jwk.get('crv') === 'P-256' ? 'ES256' : undefined
    case 'OKP':
      return jwk.get('crv') === 'Ed25519' ? 'EdDSA' : undefined
    case 'RSA':
      return 'RS256'
    default:
      return undefined
  }
}
