import { type PlatformFacts, toBearerRequest } from './platform-facts.ts'
import { findText } from './read-json.ts'
import { toIdentity } from './to-identity.ts'

/**
 * YouTube, by Google's authorization server. Quirks: a refresh token comes only with `access_type=offline`, and again only with `prompt=consent`; it does
 * not change with use, and dies after six months without; revoking one token revokes the whole grant of this user to this client. The account
 * is the YouTube channel, not the Google account: `youtube.readonly` is the least that reads one's own channel, and somebody without a channel has
 * none to connect. Access tokens live an hour.
 */
export const youtube: PlatformFacts = Object.freeze<PlatformFacts>({
  name: 'youtube',
  title: 'YouTube',
  docs: [
    'https://developers.google.com/identity/protocols/oauth2/web-server',
    'https://developers.google.com/identity/openid-connect/openid-connect',
    'https://developers.google.com/youtube/v3/docs/channels/list',
  ],
  issuer: 'https://accounts.google.com',
  sendsIssuer: false,
  authorizationUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
  tokenUrl: 'https://oauth2.googleapis.com/token',
  accountUrl: 'https://www.googleapis.com/youtube/v3/channels?part=snippet&mine=true',
  revocationUrl: 'https://oauth2.googleapis.com/revoke',
  jwksUrl: 'https://www.googleapis.com/oauth2/v3/certs',
  pkce: true,
  openId: true,
  scopes: ['openid', 'https://www.googleapis.com/auth/youtube.readonly'],
  authorizationParameters: { access_type: 'offline', prompt: 'consent' },
  clientAuthentication: 'post',
  renewal: 'REFRESH_TOKEN',
  accessTokenMs: 3_600_000,
  idleRenewalMs: 7 * 86_400_000,
  revokes: 'refresh_token',
  login: true,
  toAccountRequest: toBearerRequest,
  findIdentity: (json) =>
    toIdentity(findText(json, 'items', 0, 'id'), findText(json, 'items', 0, 'snippet', 'title')),
})
