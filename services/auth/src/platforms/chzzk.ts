import { type PlatformFacts, type PlatformRequest, toBearerRequest } from './platform-facts.ts'
import { findIn, findText } from './read-json.ts'
import { toIdentity } from './to-identity.ts'

/**
 * CHZZK, by NAVER. Quirks: parameters are in camelCase, in the query of the first step and as JSON afterwards; answers lie in
 * `{"code","message","content"}`; the exchange wants the state once more. Scopes are chosen where the application is registered, not in the request; the
 * user API needs "유저 정보 조회". Access tokens live a day, refresh tokens 30 days and serve once. PKCE is not documented. Errors of the token endpoint are
 * statuses with a text: 401 `INVALID_TOKEN` is a refresh token or code that is not valid any more, `INVALID_CLIENT` are wrong credentials.
 */
export const chzzk: PlatformFacts = Object.freeze<PlatformFacts>({
  name: 'chzzk',
  title: 'CHZZK',
  docs: [
    'https://chzzk.gitbook.io/chzzk/chzzk-api/authorization',
    'https://chzzk.gitbook.io/chzzk/chzzk-api/user',
  ],
  issuer: 'https://chzzk.naver.com',
  sendsIssuer: false,
  authorizationUrl: 'https://chzzk.naver.com/account-interlock',
  tokenUrl: 'https://openapi.chzzk.naver.com/auth/v1/token',
  accountUrl: 'https://openapi.chzzk.naver.com/open/v1/users/me',
  revocationUrl: 'https://openapi.chzzk.naver.com/auth/v1/token/revoke',
  jwksUrl: undefined,
  pkce: false,
  openId: false,
  scopes: [],
  authorizationParameters: {},
  clientAuthentication: 'post',
  renewal: 'REFRESH_TOKEN',
  accessTokenMs: 86_400_000,
  idleRenewalMs: 7 * 86_400_000,
  revokes: 'refresh_token',
  login: true,
  toAuthorizationUrl: (url) => {
    const target = new URL(url.origin + url.pathname)
    for (const [name, value] of url.searchParams) {
      if (names[name] !== undefined) target.searchParams.set(names[name], value)
    }
    return target
  },
  toExchangeParameters: (state) => ({ state }),
  toTokenRequest: (url, form) => {
    const known = [...form].flatMap(([name, value]) => (names[name] ? [[names[name], value]] : []))
    return toJsonRequest(url, Object.fromEntries(known))
  },
  toTokenAnswer: ({ status, json }) => {
    if (status >= 400) return toRefusal(status, json)
    const content = findIn(json, 'content') ?? json
    const expiresIn = Number(findText(content, 'expiresIn'))
    return {
      status,
      json: {
        access_token: findText(content, 'accessToken'),
        refresh_token: findText(content, 'refreshToken'),
        token_type: findText(content, 'tokenType') ?? 'Bearer',
        ...(expiresIn > 0 ? { expires_in: expiresIn } : {}),
        ...(findText(content, 'scope') ? { scope: findText(content, 'scope') } : {}),
      },
    }
  },
  toAccountRequest: toBearerRequest,
  findIdentity: (json) =>
    toIdentity(findText(json, 'content', 'channelId'), findText(json, 'content', 'channelName')),
  toRevocation: (url, token, { clientId, clientSecret }) =>
    toJsonRequest(url, { clientId, clientSecret, token, tokenTypeHint: 'refresh_token' }),
})

const names: Readonly<Record<string, string>> = Object.freeze({
  client_id: 'clientId',
  client_secret: 'clientSecret',
  redirect_uri: 'redirectUri',
  grant_type: 'grantType',
  refresh_token: 'refreshToken',
  code: 'code',
  state: 'state',
})

function toJsonRequest(url: string, content: Readonly<Record<string, string>>): PlatformRequest {
  const headers = { accept: 'application/json', 'content-type': 'application/json' }
  return { method: 'POST', url, headers, body: JSON.stringify(content) }
}

function toRefusal(status: number, json: unknown) {
  const message = findText(json, 'message') ?? ''
  if (status >= 500 || status === 429) return { status, json: { error: 'temporarily_unavailable' } }
  // Nothing else ends a grant: not a path that has moved, not a request that they take no more.
  const error = /invalid_token/i.test(message) ? 'invalid_grant' : 'invalid_client'
  return { status: 400, json: { error, error_description: message } }
}
