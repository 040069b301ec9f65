import type { PlatformEndpoints, PlatformFacts } from './platform-facts.ts'

/** What configuration says of a provider that has no file here. */
export interface OidcProvider extends PlatformEndpoints {
  readonly name: string
  readonly issuer: string
}

/**
 * The facts of any OpenID Connect provider: the account is the ID token's `sub`. Nothing is discovered: where a provider listens is for the
 * configuration to say, so that nobody but the operator chooses whom this service talks to.
 */
export function makeOidcFacts(provider: OidcProvider): PlatformFacts {
  return {
    ...provider,
    title: provider.name,
    docs: ['https://openid.net/specs/openid-connect-core-1_0.html'],
    sendsIssuer: false,
    pkce: true,
    openId: true,
    scopes: ['openid', 'profile', 'offline_access'],
    // Core §11: offline access is given with consent only.
    authorizationParameters: { prompt: 'consent' },
    clientAuthentication: 'basic',
    renewal: 'REFRESH_TOKEN',
    accessTokenMs: 3_600_000,
    idleRenewalMs: 86_400_000,
    revokes: 'refresh_token',
    login: true,
  }
}
