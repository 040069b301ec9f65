import type { PlatformFacts } from './platform-facts.ts'
import { findText } from './read-json.ts'
import { toIdentity } from './to-identity.ts'

/**
 * SOOP, once AfreecaTV. Its page documents `auth/code`, `auth/token` and `user/stationinfo`, which takes the token in the form. Not documented there, as
 * far as we could read it: PKCE, scopes in the request, whether `state` comes back, the life of tokens unused, a way to revoke a grant, and a field for
 * the account's id. The id is taken from `user_id` where it comes, else from the profile picture's path, `…/LOGO/<two letters>/<id>/<id>.jpg`. That is
 * good enough to show which account was connected, and not to say who somebody is: nobody logs in with it. Every address can be overridden
 * (`PLATFORM_SOOP_…_URL`); older registrations use `openapi.afreecatv.com`.
 */
export const soop: PlatformFacts = Object.freeze<PlatformFacts>({
  name: 'soop',
  title: 'SOOP',
  docs: ['https://openapi.sooplive.co.kr/apidoc'],
  issuer: 'https://openapi.sooplive.co.kr',
  sendsIssuer: false,
  authorizationUrl: 'https://openapi.sooplive.co.kr/auth/code',
  tokenUrl: 'https://openapi.sooplive.co.kr/auth/token',
  accountUrl: 'https://openapi.sooplive.co.kr/user/stationinfo',
  revocationUrl: undefined,
  jwksUrl: undefined,
  pkce: false,
  openId: false,
  scopes: [],
  authorizationParameters: {},
  clientAuthentication: 'post',
  renewal: 'REFRESH_TOKEN',
  accessTokenMs: 3_600_000,
  idleRenewalMs: 86_400_000,
  revokes: 'refresh_token',
  login: false,
  // Not documented either: that an answer names the type of its token (RFC 6749 §5.1 wants it), and how it refuses. An answer without a token is
  // no outage, for that a code which somebody made up would be enough.
  toTokenAnswer: ({ status, json }) => {
    if (findText(json, 'access_token') !== undefined) {
      return { status, json: { token_type: 'bearer', ...(json as object) } }
    }
    return status < 400 ? { status: 400, json: { error: 'invalid_request' } } : { status, json }
  },
  toAccountRequest: (url, accessToken) => ({
    method: 'POST',
    url,
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ access_token: accessToken }).toString(),
  }),
  findIdentity: (json) =>
    toIdentity(
      findText(json, 'data', 'user_id') ?? findPictureId(findText(json, 'data', 'profile_image')),
      findText(json, 'data', 'user_nick'),
    ),
})

const picture = /\/LOGO\/[^/]+\/([A-Za-z0-9_-]+)\/\1\.[a-z]+(?:\?|$)/

function findPictureId(url: string | undefined): string | undefined {
  return picture.exec(url ?? '')?.[1]
}
