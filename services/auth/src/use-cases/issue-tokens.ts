import type { Deps } from '../deps.ts'
import { AuthError } from '../domain/errors.ts'
import type { SessionId } from '../domain/ids.ts'
import type { Account } from '../domain/user.ts'
import type { AccessTokenFacts } from '../security/access-tokens.ts'
import type { SigningKey } from '../security/key-ring.ts'
import type { Issue } from '../store/sessions.ts'

/** What a login or a refresh gives. */
export interface TokenPair {
  readonly accessToken: string
  readonly refreshToken: string
  readonly accessExpiresAt: Date
  readonly refreshExpiresAt: Date
  readonly sessionId: SessionId
  /** Of a login. */
  readonly deviceToken?: string
}

/** Facts of an issuing transaction that has committed. */
export interface Issued {
  readonly account: Account
  readonly sessionId: SessionId
  readonly clientId: string
  readonly refreshToken: string
  readonly issue: Issue
}

/**
 * Signs the access token and pairs it; times and key are those of the transaction, signing later changes nothing.
 * @throws AuthError DATABASE_UNAVAILABLE where this instance does not know which key signed then: the transaction stays committed.
 */
export async function issueTokens(
  deps: Pick<Deps, 'accessTokens' | 'keyRing' | 'newId'>,
  issued: Omit<Issued, 'account'> & Pick<AccessTokenFacts, 'account'>,
): Promise<TokenPair> {
  const { issuedAt } = issued.issue
  const key = deps.keyRing.findSigningKey(issuedAt) ?? (await getSigningKey(deps, issuedAt))
  const access = deps.accessTokens.sign(key, {
    account: issued.account,
    sessionId: issued.sessionId,
    clientId: issued.clientId,
    tokenId: deps.newId(),
    issuedAt,
    notAfter: issued.issue.absoluteExpiresAt,
  })
  return {
    accessToken: access.token,
    refreshToken: issued.refreshToken,
    accessExpiresAt: access.expiresAt,
    refreshExpiresAt: issued.issue.refreshExpiresAt,
    sessionId: issued.sessionId,
  }
}

/** After a pause of this process its keys are too old: they are read before it signs. */
async function getSigningKey({ keyRing }: Pick<Deps, 'keyRing'>, issuedAt: Date): Promise<SigningKey> {
  await keyRing.reload()
  const key = keyRing.findSigningKey(issuedAt)
  if (key !== undefined) return key
  throw new AuthError('DATABASE_UNAVAILABLE', { cause: new Error('no key is known that signs now') })
}
