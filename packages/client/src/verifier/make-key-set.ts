import { createPublicKey, type KeyObject } from 'node:crypto'
import { type JsonObject, parseJsonObject } from './parse-json-object.ts'
import {
  type AlgorithmFacts,
  type SignatureAlgorithm,
  signatureAlgorithms,
  signingAlgorithms,
} from './signature-algorithms.ts'

/** A public key that verifies tokens, by the one algorithm it is bound to (RFC 8725 §3.1). */
export interface VerificationKey {
  /** The `kid` that tokens name it by, 1 to 128 characters. */
  readonly keyId: string
  readonly algorithm: SignatureAlgorithm
  readonly publicKey: KeyObject
}

/** Where a verifier finds keys. `find` is synchronous: whoever fetches keys swaps the set behind it. */
export interface KeySource {
  find(keyId: string): VerificationKey | undefined
}

/** An immutable set of verification keys. */
export interface KeySet extends KeySource {
  /** The `kid`s in the set, in the order of the document. */
  readonly keyIds: readonly string[]
  /** Why other members of the document are not in the set, for a log. */
  readonly ignored: readonly string[]
}

/** A JWK Set that must not be used at all. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError'
}

const keyIdMax = 128
/** Reading one takes about 0.2 ms, and everything waits meanwhile. */
const keysMax = 256
/** RFC 7518 §3.3 asks for 2048 bits or more; above 8192 one verification costs milliseconds. */
const rsaBits = { min: 2048, max: 8192 }
/** FIPS 186-5 §5.1 asks for an odd one above 2^16: with 1 everybody can sign. A long one makes a verification slow. */
const rsaExponent = { min: 65_537n, max: 0xffff_ffffn }
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * Reads a JWK Set (RFC 7517 §5, JSON text) into keys that can verify by one of `algorithms`, default those of access tokens: a key without
 * `alg` is bound to the first that its type and curve allow. Keys of another type, curve, algorithm, use or size, and keys
 * without a usable `kid`, are left out and listed in `ignored` (RFC 7517 §5 asks readers to ignore what they do not understand).
 * Throws KeySetError where the text is not a JWK Set of at most 256 keys, repeats a `kid`, or contains a private or symmetric key: that one has leaked.
 */
export function makeKeySet(
  jwksJson: string,
  algorithms: readonly SignatureAlgorithm[] = signingAlgorithms,
): KeySet {
  const document = parseJsonObject(jwksJson)
  if (document === undefined || !Array.isArray(document.keys)) throw new KeySetError('not a JWK Set')
  if (document.keys.length > keysMax) throw new KeySetError(`more than ${keysMax} keys`)
  const keys = new Map<string, VerificationKey>()
  const ignored: string[] = []
  for (const [index, jwk] of (document.keys as unknown[]).entries()) {
    const key = readKey(jwk, algorithms)
    if (typeof key === 'string') ignored.push(`keys[${index}]: ${key}`)
    else if (keys.has(key.keyId)) throw new KeySetError(`keys[${index}] repeats a kid`)
    else keys.set(key.keyId, key)
  }
  return Object.freeze({
    find: (keyId: string) => keys.get(keyId),
    keyIds: Object.freeze([...keys.keys()]),
    ignored: Object.freeze(ignored),
  })
}

/** The key, or why it is left out. */
function readKey(value: unknown, algorithms: readonly SignatureAlgorithm[]): VerificationKey | string {
  if (typeof value !== 'object' || value === null) return 'not an object'
  const jwk = value as JsonObject
  if (jwk.kty === 'oct' || privateMembers.some((member) => member in jwk)) {
    throw new KeySetError('contains a private or symmetric key')
  }
  const { kid } = jwk
  if (typeof kid !== 'string' || kid === '' || kid.length > keyIdMax) return 'kid is not a text of 1 to 128'
  const algorithm = findAlgorithm(jwk, algorithms)
  if (algorithm === undefined) return 'kty, crv or alg is not supported'
  if (jwk.use !== undefined && jwk.use !== 'sig') return 'use is not sig'
  if (jwk.key_ops !== undefined && !isVerifyOnly(jwk.key_ops)) return 'key_ops is not verify'
  return importKey(jwk, kid, algorithm)
}

/** The first of the algorithms that type and curve allow, unless `alg` names another. */
function findAlgorithm(
  { kty, crv, alg }: JsonObject,
  algorithms: readonly SignatureAlgorithm[],
): SignatureAlgorithm | undefined {
  // RFC 9864 renames this use of EdDSA for keys; tokens still say `EdDSA`.
  const named = alg === 'Ed25519' ? 'EdDSA' : alg
  return algorithms.find((name) => {
    const { keyType, curve }: AlgorithmFacts = signatureAlgorithms[name]
    return kty === keyType && (curve === undefined || crv === curve) && (alg === undefined || named === name)
  })
}

function isVerifyOnly(keyOps: unknown): boolean {
  return Array.isArray(keyOps) && keyOps.length === 1 && keyOps[0] === 'verify'
}

function importKey(jwk: JsonObject, keyId: string, algorithm: SignatureAlgorithm): VerificationKey | string {
  try {
    const { kty, crv, x, y, n, e } = jwk as Record<string, string>
    const members = kty === 'RSA' ? { kty, n, e } : kty === 'EC' ? { kty, crv, x, y } : { kty, crv, x }
    const publicKey = createPublicKey({ key: members as JsonWebKeyInput, format: 'jwk' })
    // Node reads base64 with padding, blanks and anything between, and numbers of any length; it writes them as RFC 7518 §2 and §6.2.1.2 want.
    const written: Readonly<Record<string, unknown>> = publicKey.export({ format: 'jwk' })
    if (Object.entries(members).some(([name, value]) => written[name] !== value)) return 'not canonical'
    return judgeRsa(publicKey) ?? Object.freeze({ keyId, algorithm, publicKey })
  } catch {
    return 'not a valid public key'
  }
}

/** Why an RSA key is not used; undefined for one that is, and for keys of other types. */
function judgeRsa({ asymmetricKeyDetails: { modulusLength: bits, publicExponent: e } = {} }: KeyObject) {
  if (bits === undefined || e === undefined) return undefined
  if (bits < rsaBits.min || bits > rsaBits.max) return `RSA key of ${bits} bits`
  const isGood = e % 2n === 1n && e >= rsaExponent.min && e <= rsaExponent.max
  return isGood ? undefined : `RSA exponent ${e}`
}

type JsonWebKeyInput = Extract<Parameters<typeof createPublicKey>[0], { key: object; format: 'jwk' }>['key']
