import { type PlatformFacts, toBearerRequest } from './platform-facts.ts'
import { findIn, findText } from './read-json.ts'
import { toIdentity } from './to-identity.ts'

/**
 * Twitch. Quirks: `scope` is a list where RFC 6749 §5.1 has a text; a refused refresh says `{"status":400,"message":"Invalid refresh token"}`
 * without an `error`; every call of the API needs the client id in a header; the page says that refresh tokens may change with use. Only access tokens
 * can be revoked. Twitch asks those who keep a session to validate its token every hour: renewing hourly finds a withdrawn grant as well, and needs no
 * second path. No scope is needed to read one's own id and name. PKCE is not documented for clients with a secret.
 */
export const twitch: PlatformFacts = Object.freeze<PlatformFacts>({
  name: 'twitch',
  title: 'Twitch',
  docs: [
    'https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/',
    'https://dev.twitch.tv/docs/authentication/refresh-tokens/',
    'https://dev.twitch.tv/docs/authentication/revoke-tokens/',
    'https://dev.twitch.tv/docs/authentication/validate-tokens/',
    'https://dev.twitch.tv/docs/api/reference/#get-users',
  ],
  issuer: 'https://id.twitch.tv/oauth2',
  sendsIssuer: false,
  authorizationUrl: 'https://id.twitch.tv/oauth2/authorize',
  tokenUrl: 'https://id.twitch.tv/oauth2/token',
  accountUrl: 'https://api.twitch.tv/helix/users',
  revocationUrl: 'https://id.twitch.tv/oauth2/revoke',
  jwksUrl: undefined,
  pkce: false,
  openId: false,
  scopes: [],
  authorizationParameters: { force_verify: 'true' },
  clientAuthentication: 'post',
  renewal: 'REFRESH_TOKEN',
  accessTokenMs: 4 * 3_600_000,
  idleRenewalMs: 3_600_000,
  revokes: 'access_token',
  login: true,
  toTokenAnswer: ({ status, json }) => {
    const scope = findIn(json, 'scope')
    if (Array.isArray(scope)) return { status, json: { ...(json as object), scope: scope.join(' ') } }
    const message = findText(json, 'message') ?? ''
    if (status < 400 || status >= 500 || findIn(json, 'error') !== undefined) {
      // 401 carries `"error":"Unauthorized"`, which is the status' name.
      return /invalid refresh token/i.test(message) ? refuse(message) : { status, json }
    }
    if (/invalid (refresh token|authorization code)/i.test(message)) return refuse(message)
    return { status, json: { error: 'invalid_client', error_description: message } }
  },
  toAccountRequest: (url, accessToken, { clientId }) => {
    const request = toBearerRequest(url, accessToken)
    return { ...request, headers: { ...request.headers, 'client-id': clientId } }
  },
  findIdentity: (json) => toIdentity(findText(json, 'data', 0, 'id'), findText(json, 'data', 0, 'login')),
})

function refuse(message: string) {
  return { status: 400, json: { error: 'invalid_grant', error_description: message } }
}
