import { type PlatformFacts, toBearerRequest } from './platform-facts.ts'
import { findText } from './read-json.ts'
import { toIdentity } from './to-identity.ts'

/**
 * Discord. Its metadata names PKCE with S256 and an `iss` in the redirect. Access tokens live a week; each refresh answers with another refresh token.
 * How long one lives unused is not documented, so grants are renewed twice a week. Revoking a token ends the grant.
 */
export const discord: PlatformFacts = Object.freeze<PlatformFacts>({
  name: 'discord',
  title: 'Discord',
  docs: [
    'https://discord.com/developers/docs/topics/oauth2',
    'https://discord.com/.well-known/oauth-authorization-server',
    'https://discord.com/developers/docs/resources/user#get-current-user',
  ],
  issuer: 'https://discord.com',
  sendsIssuer: true,
  authorizationUrl: 'https://discord.com/api/oauth2/authorize',
  tokenUrl: 'https://discord.com/api/oauth2/token',
  accountUrl: 'https://discord.com/api/v10/users/@me',
  revocationUrl: 'https://discord.com/api/oauth2/token/revoke',
  jwksUrl: undefined,
  pkce: true,
  openId: false,
  scopes: ['identify'],
  authorizationParameters: { prompt: 'consent' },
  clientAuthentication: 'basic',
  renewal: 'REFRESH_TOKEN',
  accessTokenMs: 7 * 86_400_000,
  idleRenewalMs: 3 * 86_400_000,
  revokes: 'refresh_token',
  login: true,
  toAccountRequest: toBearerRequest,
  findIdentity: (json) => toIdentity(findText(json, 'id'), findText(json, 'username')),
})
