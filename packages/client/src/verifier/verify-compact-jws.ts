import { decodeBase64url } from './decode-base64url.ts'
import { isSignatureValid } from './is-signature-valid.ts'
import type { KeySource, VerificationKey } from './make-key-set.ts'
import { parseJsonObject } from './parse-json-object.ts'
import type { SignatureAlgorithm } from './signature-algorithms.ts'

/** Why a text is not a verified token, by the names of `auth.v1.ValidationReason`. */
export type TokenFault = 'MALFORMED' | 'BAD_SIGNATURE' | 'UNKNOWN_KEY' | 'WRONG_TYPE'

/** What a header says that may be honoured at all. */
export interface JoseHeader {
  readonly algorithm: string
  readonly keyId: string
}

/** What a verifier accepts. */
export interface JwsRules {
  readonly keys: KeySource
  /** The only algorithms a token may name (RFC 8725 §3.1). */
  readonly algorithms: ReadonlySet<SignatureAlgorithm>
  /** Whether the header's `typ` is the one wanted (RFC 8725 §3.11). */
  readonly isType: (typ: unknown) => boolean
  /** Headers of verified tokens by their text, judged by the same rules: all tokens of a key have the same one. Filled here. */
  readonly judgedHeaders?: Map<string, JoseHeader> | undefined
}

/** A JWS whose signature holds. */
export interface VerifiedJws {
  readonly key: VerificationKey
  readonly payload: Buffer
}

/** Characters of a token. */
const tokenMax = 8 * 1024
const keyIdMax = 128
const judgedHeadersMax = 16
const noBytes = Buffer.alloc(0)
/** Header parameters that change what is signed or where keys come from: none of them is ever honoured (RFC 8725 §3.10, §3.12). */
const refusedParameters = ['crit', 'b64', 'zip', 'jku', 'x5u', 'x5c', 'jwk', 'cty', 'enc']

/**
 * Verifies a JWS in compact serialisation (RFC 7515 §5.2, RFC 8725) and answers key and payload, or the first fault in this order:
 * size and form, header, type and algorithm, key, signature. Nothing is decoded above 8 KiB; the payload is not looked at.
 */
export function verifyCompactJws(token: string, rules: JwsRules): VerifiedJws | TokenFault {
  if (token.length > tokenMax) return 'MALFORMED'
  const headerEnd = token.indexOf('.')
  const payloadEnd = token.indexOf('.', headerEnd + 1)
  if (headerEnd < 1 || payloadEnd < 0 || payloadEnd === token.length - 1) return 'MALFORMED'
  // UTF-8, not Latin-1, which cuts characters off to an octet that may be one of base64url: here none of their octets is.
  const bytes = Buffer.from(token, 'utf8')
  const headerText = token.slice(0, headerEnd)
  const known = rules.judgedHeaders?.get(headerText)
  const headerBytes = known === undefined ? decodeBase64url(bytes, 0, headerEnd) : noBytes
  const payload = decodeBase64url(bytes, headerEnd + 1, payloadEnd)
  // A further dot is no character of base64url.
  const signature = decodeBase64url(bytes, payloadEnd + 1, bytes.length)
  if (headerBytes === undefined || payload === undefined || signature === undefined) return 'MALFORMED'
  const header = known ?? judgeHeader(headerBytes, rules)
  if (typeof header === 'string') return header
  const key = rules.keys.find(header.keyId)
  if (key === undefined) return 'UNKNOWN_KEY'
  if (key.algorithm !== header.algorithm) return 'WRONG_TYPE'
  if (!isSignatureValid(key, bytes.subarray(0, payloadEnd), signature)) return 'BAD_SIGNATURE'
  if (known === undefined) rememberHeader(headerText, header, rules.judgedHeaders)
  return { key, payload }
}

/** What stands in the text alone: whether it is known, and to which key, is looked up for every token. */
function judgeHeader(bytes: Uint8Array, rules: JwsRules): JoseHeader | TokenFault {
  const header = parseJsonObject(bytes)
  if (header === undefined) return 'MALFORMED'
  const { alg, kid, typ } = header
  if (typeof alg !== 'string') return 'MALFORMED'
  if (typeof kid !== 'string' || kid === '' || kid.length > keyIdMax) return 'MALFORMED'
  for (const parameter of refusedParameters) if (Object.hasOwn(header, parameter)) return 'MALFORMED'
  return rules.isType(typ) && isAllowed(alg, rules.algorithms) ? { algorithm: alg, keyId: kid } : 'WRONG_TYPE'
}

function rememberHeader(text: string, header: JoseHeader, judged: Map<string, JoseHeader> | undefined): void {
  if (judged === undefined) return
  if (judged.size >= judgedHeadersMax) judged.clear()
  judged.set(text, header)
}

function isAllowed(alg: string, algorithms: ReadonlySet<string>): boolean {
  return algorithms.has(alg)
}
