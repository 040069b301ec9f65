import { createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { InterceptingCall, type Interceptor } from '@grpc/grpc-js'

/** How a service that cannot do mTLS proves who it is: by assertions that it signs (RFC 7523, ES256). */
export interface AssertionOptions {
  /** This service's SPIFFE id, as the callers file of the auth service has it. */
  readonly id: string
  /** The private key that `authctl callers add` made: the path of its file, or the JWK itself. */
  readonly key: string | CallerKeyJwk
  /** The auth service's `AUTH_ISSUER`. */
  readonly audience: string
}

/** A private P-256 key with its `kid`. */
export interface CallerKeyJwk {
  readonly kty: string
  readonly crv?: string
  readonly kid?: string
  readonly x?: string
  readonly y?: string
  readonly d?: string
}

/** What signing takes beside the options. */
export interface AssertionParts {
  /** The wall clock, in ms. */
  readonly nowMs: () => number
  readonly newId: () => string
}

/** Five minutes are the most that the service takes. */
const lifetimeSeconds = 240
const renewAfterMs = 120_000

/**
 * Makes a source of assertions: each is used for two minutes, as the service remembers those it has verified. Throws TypeError where the key
 * is none.
 */
export function makeAssertions(
  { id, key, audience }: AssertionOptions,
  { nowMs, newId }: AssertionParts = { nowMs: Date.now, newId: randomUUID },
): () => string {
  const { privateKey, kid } = readKey(key)
  const header = encode({ alg: 'ES256', kid, typ: 'client-authentication+jwt' })
  let assertion = ''
  let madeAtMs = Number.NEGATIVE_INFINITY
  return () => {
    const now = nowMs()
    // Before it was made: the clock has been set back, and the service would take it for one of the future.
    if (now >= madeAtMs && now < madeAtMs + renewAfterMs) return assertion
    const iat = Math.floor(now / 1000)
    const claims = { iss: id, sub: id, aud: audience, iat, exp: iat + lifetimeSeconds, jti: newId() }
    const signed = `${header}.${encode(claims)}`
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    assertion = `${signed}.${signature.toString('base64url')}`
    madeAtMs = now
    return assertion
  }
}

/** Sends an assertion with every call, as its `authorization`. */
export function toInterceptor(getAssertion: () => string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start: (metadata, listener, next) => {
        metadata.set('authorization', `Bearer ${getAssertion()}`)
        next(metadata, listener)
      },
    })
}

function readKey(source: AssertionOptions['key']): { privateKey: KeyObject; kid: string } {
  try {
    const jwk: CallerKeyJwk = typeof source === 'string' ? JSON.parse(readFileSync(source, 'utf8')) : source
    const privateKey = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
    if (jwk.crv !== 'P-256' || !jwk.kid) throw new TypeError('it is no P-256 key with a kid')
    return { privateKey, kid: jwk.kid }
  } catch (cause) {
    const which = typeof source === 'string' ? source : 'the JWK'
    throw new TypeError(`assertion.key: ${which} cannot be used: ${(cause as Error).message}`, { cause })
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
