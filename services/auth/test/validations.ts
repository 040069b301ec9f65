import assert from 'node:assert/strict'
import { type TokenPair, ValidationReason } from '@immersiverse/auth-contract'
import type { SessionId } from '../src/domain/ids.ts'
import type { Account } from '../src/domain/user.ts'
import { makeAccessTokens } from '../src/security/access-tokens.ts'
import type { SigningKey } from '../src/security/key-ring.ts'
import type { TestAuth } from './open-test-auth.ts'

/** `VALID`, or the reason why not. */
export type Verdict = 'VALID' | keyof typeof ValidationReason

/** What ValidateToken says about an access token now. */
export async function getVerdict(
  auth: Pick<TestAuth, 'auth'>,
  accessToken: string,
  question: { readonly audience?: string; readonly requiredRoles?: string[] } = {},
): Promise<Verdict> {
  const { valid, reason } = await auth.auth.validateToken({ accessToken, ...question })
  assert.equal(valid, reason === ValidationReason.UNSPECIFIED, 'valid and reason contradict each other')
  return valid ? 'VALID' : (ValidationReason[reason] as Verdict)
}

/** The next pair, from a refresh that must work. */
export async function refresh(auth: Pick<TestAuth, 'auth'>, refreshToken: string): Promise<TokenPair> {
  const { tokens } = await auth.auth.refreshToken({ refreshToken })
  if (tokens === undefined) throw new Error('RefreshToken answered without tokens')
  return tokens
}

/** The claims in a token, whatever its signature. */
export function readPayload(accessToken: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString('utf8'))
}

/** What a forged token says differently from the person's next real one. */
export interface Forgery {
  readonly key?: SigningKey
  readonly issuer?: string
  readonly audience?: string
  readonly ttlMs?: number
  readonly issuedAt?: Date
  readonly tokenVersion?: number
  readonly sessionId?: string
  readonly roles?: readonly string[]
}

/** A token for the session of a real one, signed with the service's key or another. */
export function forge(auth: Pick<TestAuth, 'deps'>, real: string, forgery: Forgery = {}): string {
  const { settings, newId } = auth.deps
  const claims = readPayload(real)
  const issuedAt = forgery.issuedAt ?? new Date(Number(claims.iat) * 1000)
  const account = {
    id: claims.sub,
    username: claims.name,
    roles: forgery.roles ?? claims.roles,
    subscriptionTier: claims.tier,
    tokenVersion: forgery.tokenVersion ?? claims.tv,
  } as Account
  const signer = makeAccessTokens({
    issuer: forgery.issuer ?? settings.issuer,
    audience: forgery.audience ?? settings.audience,
    ttlMs: forgery.ttlMs ?? 600_000,
  })
  const sessionId = (forgery.sessionId ?? claims.sid) as SessionId
  const notAfter = new Date(issuedAt.getTime() + 86_400_000)
  const key = forgery.key ?? getSigningKey(auth)
  return signer.sign(key, { account, sessionId, clientId: 'web', tokenId: newId(), issuedAt, notAfter }).token
}

/** The key that signs now. */
export function getSigningKey({ deps }: Pick<TestAuth, 'deps'>): SigningKey {
  const key = deps.keyRing.findSigningKey(new Date())
  assert.ok(key, 'the keys were read too long ago')
  return key
}
