import {
  type JsonObject,
  makeKeySet,
  parseJsonObject,
  verifyCompactJws,
} from '@immersiverse/auth-client/verifier'
import type { CallerPolicy } from '../../domain/caller-policy.ts'
import type { Clock } from '../../domain/clock.ts'
import type { UsedAssertions } from './make-used-assertions.ts'

/** Whom an assertion stands for, or why for nobody. */
export type AssertionVerdict =
  | { readonly id: string; readonly kid: string; readonly notAfter: Date }
  | { readonly id?: undefined; readonly fault: string }

/** What assertions are judged by. */
export interface AssertionRules {
  readonly policy: CallerPolicy
  /** The `aud` of every assertion: the service's issuer. */
  readonly audience: string
  readonly clock: Clock
  readonly used: UsedAssertions
}

/** An assertion lives at most so long, in seconds. */
export const assertionMaxSeconds = 300
const skewSeconds = 30
const rememberedMax = 10_000
const jtiMax = 128
const typePattern = /^(?:application\/)?(?:jwt|client-authentication\+jwt)$/i
const algorithms = new Set(['ES256'] as const)

/**
 * Makes a judge of callers' assertions (RFC 7523 §3, RFC 8725): a JWT signed with ES256 by a key of the callers file, its `iss` and `sub` that
 * key's caller, `aud` the service's issuer, at most five minutes to `exp`, and a `jti`. One that was judged costs a look-up in memory; it is
 * bound to the address it first came from, and nothing else may use its `jti`.
 */
export function makeAssertionJudge(rules: AssertionRules) {
  const { policy, clock, used } = rules
  const owners = new Map([...policy.values()].flatMap(({ id, keys }) => keys.map(({ kid }) => [kid, id])))
  const jwks = [...policy.values()].flatMap(({ keys }) =>
    keys.map(({ kid, jwk }) => ({ ...jwk, kid, alg: 'ES256' })),
  )
  const keys = makeKeySet(JSON.stringify({ keys: jwks }), ['ES256'])
  const judged = new Map<string, { readonly verdict: AssertionVerdict; readonly address: string }>()

  return (assertion: string, address: string): AssertionVerdict => {
    const known = judged.get(assertion)
    if (known?.address === address) return known.verdict
    const jws = verifyCompactJws(assertion, { keys, algorithms, isType })
    if (typeof jws === 'string') return { fault: `the assertion is ${jws}` }
    const { keyId } = jws.key
    const nowSeconds = clock.now().getTime() / 1000
    const claims = readAssertionClaims(parseJsonObject(jws.payload), rules.audience, nowSeconds)
    if (typeof claims === 'string') return { fault: claims }
    const { subject, jti, exp } = claims
    if (owners.get(keyId) !== subject) return { fault: 'the key of the assertion is of another caller' }
    const notAfter = new Date(exp * 1000)
    if (!used.claim(`${keyId} ${jti}`, { assertion, address, notAfter })) {
      return { fault: 'the jti of the assertion was used before, or from another address' }
    }
    if (judged.size >= rememberedMax) judged.clear()
    const verdict = { id: subject, kid: keyId, notAfter }
    judged.set(assertion, { verdict, address })
    return verdict
  }
}

function isType(typ: unknown): boolean {
  return typ === undefined || (typeof typ === 'string' && typePattern.test(typ))
}

interface AssertionClaims {
  readonly subject: string
  readonly jti: string
  readonly exp: number
}

function readAssertionClaims(
  claims: JsonObject | undefined,
  audience: string,
  nowSeconds: number,
): AssertionClaims | string {
  if (claims === undefined) return 'the assertion is MALFORMED'
  const { iss, sub, aud, exp, iat, nbf, jti } = claims
  if (typeof sub !== 'string' || iss !== sub) return 'iss and sub of the assertion must both be the caller'
  const [only, ...others] = Array.isArray(aud) ? aud : [aud]
  if (only !== audience || others.length > 0) return `aud of the assertion must be ${audience}`
  if (typeof jti !== 'string' || jti === '' || jti.length > jtiMax) return 'the assertion has no usable jti'
  if (!isInstant(exp) || exp <= nowSeconds) return 'the assertion has expired, or has no exp'
  if (exp > nowSeconds + assertionMaxSeconds + skewSeconds) return 'the assertion lives longer than 5 minutes'
  for (const start of [iat, nbf]) {
    if (start === undefined) continue
    if (!isInstant(start) || start > nowSeconds + skewSeconds) return 'the assertion is not valid yet'
  }
  if (isInstant(iat) && exp - iat > assertionMaxSeconds) return 'the assertion lives longer than 5 minutes'
  return { subject: sub, jti, exp }
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 1e11
}
