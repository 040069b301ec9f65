import { decodeBase64url } from './decode-base64url.ts'
import { isSignatureValid } from './is-signature-valid.ts'
import type { KeySource, VerificationKey } from './make-key-set.ts'
import { type JsonObject, parseJsonObject } from './parse-json-object.ts'
import type { SignatureAlgorithm } from './signature-algorithms.ts'

/** Why a text is not a verified token, by the names of `auth.v1.ValidationReason`. */
export type TokenFault = 'MALFORMED' | 'BAD_SIGNATURE' | 'UNKNOWN_KEY' | 'WRONG_TYPE'

/** What a verifier accepts. */
export interface JwsRules {
  readonly keys: KeySource
  /** The only algorithms a token may name (RFC 8725 §3.1). */
  readonly algorithms: ReadonlySet<SignatureAlgorithm>
  /** Whether the header's `typ` is the one wanted (RFC 8725 §3.11). */
  readonly isType: (typ: unknown) => boolean
}

/** A JWS whose signature holds. */
export interface VerifiedJws {
  readonly key: VerificationKey
  readonly payload: Buffer
}

/** Characters of a token; all of them are ASCII, so also its bytes. */
const tokenMax = 8 * 1024
const keyIdMax = 128
const compact = /^([\w-]+)\.([\w-]*)\.([\w-]+)$/
/** Header parameters that change what is signed or where keys come from: none of them is ever honoured (RFC 8725 §3.10, §3.12). */
const refusedParameters = ['crit', 'b64', 'zip', 'jku', 'x5u', 'x5c', 'jwk', 'cty', 'enc']

/**
 * Verifies a JWS in compact serialisation (RFC 7515 §5.2, RFC 8725) and answers key and payload, or the first fault in this order:
 * size and form, header, type and algorithm, key, signature. Nothing is decoded above 8 KiB; the payload is not looked at.
 */
export function verifyCompactJws(token: string, rules: JwsRules): VerifiedJws | TokenFault {
  if (token.length > tokenMax) return 'MALFORMED'
  const parts = compact.exec(token)
  if (parts === null) return 'MALFORMED'
  const headerBytes = decodeBase64url(parts[1] ?? '')
  const payload = decodeBase64url(parts[2] ?? '')
  const signature = decodeBase64url(parts[3] ?? '')
  if (headerBytes === undefined || payload === undefined || signature === undefined) return 'MALFORMED'
  const header = parseJsonObject(headerBytes)
  if (header === undefined) return 'MALFORMED'
  const key = chooseKey(header, rules)
  if (typeof key === 'string') return key
  const signed = Buffer.from(token.slice(0, token.lastIndexOf('.')), 'latin1')
  return isSignatureValid(key, signed, signature) ? { key, payload } : 'BAD_SIGNATURE'
}

function chooseKey(header: JsonObject, rules: JwsRules): VerificationKey | TokenFault {
  const { alg, kid, typ } = header
  if (typeof alg !== 'string') return 'MALFORMED'
  if (typeof kid !== 'string' || kid === '' || kid.length > keyIdMax) return 'MALFORMED'
  for (const parameter of refusedParameters) if (Object.hasOwn(header, parameter)) return 'MALFORMED'
  if (!rules.isType(typ) || !isAllowed(alg, rules.algorithms)) return 'WRONG_TYPE'
  const key = rules.keys.find(kid)
  if (key === undefined) return 'UNKNOWN_KEY'
  return key.algorithm === alg ? key : 'WRONG_TYPE'
}

function isAllowed(alg: string, algorithms: ReadonlySet<string>): boolean {
  return algorithms.has(alg)
}
