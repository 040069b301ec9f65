import { type PlatformFacts, toBearerRequest } from './platform-facts.ts'
import { findText } from './read-json.ts'
import { toIdentity } from './to-identity.ts'

/**
 * Kick (OAuth 2.1). PKCE is a duty. Access tokens live two hours; each refresh answers with another refresh token, and the one before is said to go on
 * working. How long one lives unused is not documented, so grants are renewed daily. The revocation endpoint takes its parameters in the query
 * and calls the hint `token_hint_type`.
 */
export const kick: PlatformFacts = Object.freeze<PlatformFacts>({
  name: 'kick',
  title: 'Kick',
  docs: [
    'https://docs.kick.com/getting-started/generating-tokens-oauth2-flow',
    'https://docs.kick.com/getting-started/scopes',
    'https://docs.kick.com/apis/users',
  ],
  issuer: 'https://id.kick.com',
  sendsIssuer: false,
  authorizationUrl: 'https://id.kick.com/oauth/authorize',
  tokenUrl: 'https://id.kick.com/oauth/token',
  accountUrl: 'https://api.kick.com/public/v1/users',
  revocationUrl: 'https://id.kick.com/oauth/revoke',
  jwksUrl: undefined,
  pkce: true,
  openId: false,
  scopes: ['user:read'],
  authorizationParameters: {},
  clientAuthentication: 'post',
  renewal: 'REFRESH_TOKEN',
  accessTokenMs: 2 * 3_600_000,
  idleRenewalMs: 86_400_000,
  revokes: 'refresh_token',
  login: true,
  toAccountRequest: toBearerRequest,
  findIdentity: (json) => toIdentity(findText(json, 'data', 0, 'user_id'), findText(json, 'data', 0, 'name')),
  toRevocation: (url, token) => {
    const target = new URL(url)
    target.searchParams.set('token', token)
    target.searchParams.set('token_hint_type', 'refresh_token')
    const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }
    return { method: 'POST', url: target.href, headers, body: '' }
  },
})
