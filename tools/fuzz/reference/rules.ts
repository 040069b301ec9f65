/** What the verifier answers when a rule is broken: its documented refusals. */
export type Refusal =
  | 'MALFORMED'
  | 'WRONG_TYPE'
  | 'UNKNOWN_KEY'
  | 'BAD_SIGNATURE'
  | 'EXPIRED'
  | 'WRONG_ISSUER'
  | 'WRONG_AUDIENCE'
  | 'NOT_YET_VALID'
  | 'MISSING_ROLE'

/**
 * Every rule that an access token must keep: where it comes from, and the refusal for breaking it. `house` marks rules that are ours and
 * go beyond the RFCs: the only reasons for which a token that the RFCs allow is refused.
 */
export const tokenRules = Object.freeze({
  size: ['house: at most 8 KiB (contract §2)', 'MALFORMED'],
  'three parts': ['RFC 7515 §7.1', 'MALFORMED'],
  'signature present': ['RFC 7515 §3.1, RFC 8725 §3.2', 'MALFORMED'],
  'base64url alphabet': ['RFC 7515 §2', 'MALFORMED'],
  'base64url length': ['RFC 4648 §5', 'MALFORMED'],
  'base64url trailing bits': ['RFC 4648 §3.5', 'MALFORMED'],
  'header is UTF-8': ['RFC 7515 §5.2', 'MALFORMED'],
  'header is JSON': ['RFC 8259 §2', 'MALFORMED'],
  'header ends': ['RFC 8259 §2', 'MALFORMED'],
  'header is an object': ['RFC 7515 §5.2', 'MALFORMED'],
  'header names once': ['RFC 7515 §4', 'MALFORMED'],
  'alg is text': ['RFC 7515 §4.1.1', 'MALFORMED'],
  'kid is text': ['house: keys are named (contract §5)', 'MALFORMED'],
  'kid size': ['house: 1 to 128 characters', 'MALFORMED'],
  'crit understood': ['RFC 7515 §4.1.11: no extension is known', 'MALFORMED'],
  'b64 unknown': ['RFC 7797 §6', 'MALFORMED'],
  'no keys in the header': ['RFC 8725 §3.10: jku, x5u, x5c, jwk', 'MALFORMED'],
  'not compressed, nested or encrypted': ['house: zip, cty and enc belong to other tokens', 'MALFORMED'],
  typ: ['RFC 9068 §4, RFC 8725 §3.11', 'WRONG_TYPE'],
  'alg allowed': ['RFC 8725 §3.1', 'WRONG_TYPE'],
  'kid known': ['RFC 7515 §4.1.4', 'UNKNOWN_KEY'],
  'key and alg agree': ['RFC 7517 §4.4, RFC 8725 §3.1', 'WRONG_TYPE'],
  signature: ['RFC 7515 §5.2, RFC 7518 §3, RFC 8037 §3.1', 'BAD_SIGNATURE'],
  'payload is UTF-8': ['RFC 7519 §7.2', 'MALFORMED'],
  'payload is JSON': ['RFC 8259 §2', 'MALFORMED'],
  'payload ends': ['RFC 8259 §2', 'MALFORMED'],
  'payload is an object': ['RFC 7519 §7.2', 'MALFORMED'],
  'payload names once': ['RFC 7519 §4', 'MALFORMED'],
  iss: ['RFC 9068 §2.2', 'MALFORMED'],
  aud: ['RFC 9068 §2.2, RFC 7519 §4.1.3', 'MALFORMED'],
  sub: ['RFC 9068 §2.2', 'MALFORMED'],
  jti: ['RFC 9068 §2.2', 'MALFORMED'],
  client_id: ['RFC 9068 §2.2', 'MALFORMED'],
  sid: ['contract §5', 'MALFORMED'],
  roles: ['contract §5', 'MALFORMED'],
  tier: ['contract §5', 'MALFORMED'],
  name: ['contract §5', 'MALFORMED'],
  tv: ['contract §5', 'MALFORMED'],
  iat: ['RFC 9068 §2.2, RFC 7519 §2; house: whole seconds', 'MALFORMED'],
  exp: ['RFC 9068 §2.2, RFC 7519 §2; house: whole seconds', 'MALFORMED'],
  nbf: ['RFC 7519 §4.1.5; house: whole seconds', 'MALFORMED'],
  'exp after iat': ['house: a token lives', 'MALFORMED'],
  lifetime: ['house: at most the lifetime revocations are kept for (protocols §2)', 'MALFORMED'],
  'not expired': ['RFC 7519 §4.1.4', 'EXPIRED'],
  'issuer expected': ['RFC 9068 §4', 'WRONG_ISSUER'],
  'audience expected': ['RFC 9068 §4', 'WRONG_AUDIENCE'],
  'issued before now': ['contract §2: NOT_YET_VALID', 'NOT_YET_VALID'],
  'nbf before now': ['RFC 7519 §4.1.5', 'NOT_YET_VALID'],
  'roles there': ['contract §2: required_roles', 'MISSING_ROLE'],
} as const satisfies Record<string, readonly [source: string, refusal: Refusal]>)

/** The name of a rule of tokens. */
export type TokenRule = keyof typeof tokenRules

/** Every rule of a JWK Set; what breaks one of the last is left out, what breaks one of the first makes the set unusable. */
export const keySetRules = Object.freeze({
  'set is JSON': 'RFC 8259 §2',
  'set ends': 'RFC 8259 §2',
  'set is an object': 'RFC 7517 §5',
  'set names once': 'RFC 7517 §4',
  'keys is a list': 'RFC 7517 §5.1',
  'keys are few': 'house: at most 256; each costs a fifth of a millisecond',
  'no private keys': 'house: it has leaked (RFC 8725 §3.5)',
  'kid once': 'house: RFC 7517 §4.5 says SHOULD',
  'key is an object': 'RFC 7517 §5.1',
  'key has a kid': 'house: keys are named, 1 to 128 characters',
  'key is of a known kind': 'RFC 7517 §4.1, RFC 7518 §6.2.1.1, RFC 8037 §2',
  'key alg': 'RFC 7517 §4.4, RFC 8725 §3.1',
  'key use': 'RFC 7517 §4.2',
  key_ops: 'RFC 7517 §4.3',
  'key base64url': 'RFC 7515 §2, RFC 4648 §3.5',
  'key size': 'RFC 7518 §6.2.1.2 and §6.2.1.3, RFC 8037 §2: 32 octets',
  'point on curve': 'RFC 8725 §3.4, SP 800-186 D.1.1',
  'RSA integers are minimal': 'RFC 7518 §2: Base64urlUInt',
  'RSA bits': 'RFC 7518 §3.3: 2048 or more; house: 8192 or less',
  'RSA exponent': 'FIPS 186-5 §5.1: odd, above 2^16; house: at most 32 bits',
} as const)

/** The name of a rule of key sets. */
export type KeySetRule = keyof typeof keySetRules

/** Any rule. */
export type Rule = TokenRule | KeySetRule

/** A rule was broken. */
export class BrokenRule extends Error {
  override readonly name = 'BrokenRule'
  readonly rule: Rule

  constructor(rule: Rule) {
    super(rule)
    this.rule = rule
  }
}

/** Insists on rules, but for those that a planted bug ignores. */
export type Insist = (rule: Rule, isKept: boolean) => void

/** Makes an `Insist` that throws BrokenRule for every rule that is not ignored. */
export function makeInsist(ignored: ReadonlySet<Rule> = new Set()): Insist {
  // Made once each: a stack trace would cost more than the judging.
  const broken = new Map<Rule, BrokenRule>()
  return (rule, isKept) => {
    if (isKept || ignored.has(rule)) return
    const error = broken.get(rule) ?? new BrokenRule(rule)
    broken.set(rule, error)
    throw error
  }
}
