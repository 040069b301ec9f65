import type { Deps } from '../deps.ts'
import type { SessionId } from '../domain/ids.ts'
import type { Account } from '../domain/user.ts'
import type { AccessTokenFacts } from '../security/access-tokens.ts'
import type { Issue } from '../store/sessions.ts'

/** What a login or a refresh gives. */
export interface TokenPair {
  readonly accessToken: string
  readonly refreshToken: string
  readonly accessExpiresAt: Date
  readonly refreshExpiresAt: Date
  readonly sessionId: SessionId
}

/** Facts of an issuing transaction that has committed. */
export interface Issued {
  readonly account: Account
  readonly sessionId: SessionId
  readonly clientId: string
  readonly refreshToken: string
  readonly issue: Issue
}

/** Signs the access token and pairs it; the times are those of the transaction, signing later changes nothing. */
export function issueTokens(
  deps: Pick<Deps, 'accessTokens' | 'newId'>,
  issued: Omit<Issued, 'account'> & Pick<AccessTokenFacts, 'account'>,
): TokenPair {
  const access = deps.accessTokens.sign({
    account: issued.account,
    sessionId: issued.sessionId,
    clientId: issued.clientId,
    tokenId: deps.newId(),
    issuedAt: issued.issue.issuedAt,
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
