import { type PlatformFacts, toBearerRequest } from './platform-facts.ts'
import { findIn, findText } from './read-json.ts'
import { toIdentity } from './to-identity.ts'

/**
 * Facebook. Quirks: no refresh tokens; a valid access token is exchanged for one of 60 days (`fb_exchange_token`), and again before those are over; a token
 * that has expired ends the grant. Errors are `{"error":{"type","code",…}}`: 190 for a token that is not valid any more, 100 for a code that is not, and
 * for any other parameter that they do not take, so that only its text tells. There is no RFC 7009: deleting the permissions revokes the grant. The id
 * is the person's for this app. PKCE is documented only for ID tokens.
 */
export const facebook: PlatformFacts = Object.freeze<PlatformFacts>({
  name: 'facebook',
  title: 'Facebook',
  docs: [
    'https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow',
    'https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived',
    'https://developers.facebook.com/docs/graph-api/reference/user/permissions/',
    'https://developers.facebook.com/docs/graph-api/guides/error-handling',
  ],
  issuer: 'https://www.facebook.com',
  sendsIssuer: false,
  authorizationUrl: 'https://www.facebook.com/v21.0/dialog/oauth',
  tokenUrl: 'https://graph.facebook.com/v21.0/oauth/access_token',
  accountUrl: 'https://graph.facebook.com/v21.0/me?fields=id,name',
  revocationUrl: 'https://graph.facebook.com/v21.0/me/permissions',
  jwksUrl: undefined,
  pkce: false,
  openId: false,
  scopes: ['public_profile'],
  authorizationParameters: {},
  clientAuthentication: 'post',
  renewal: 'ACCESS_TOKEN',
  accessTokenMs: 60 * 86_400_000,
  idleRenewalMs: 7 * 86_400_000,
  revokes: 'access_token',
  login: true,
  toTokenRequest: (url, form) => {
    const request = new URLSearchParams(form)
    if (request.get('grant_type') === 'refresh_token') {
      request.set('grant_type', 'fb_exchange_token')
      request.set('fb_exchange_token', request.get('refresh_token') ?? '')
      request.delete('refresh_token')
    }
    const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }
    return { method: 'POST', url, headers, body: request.toString() }
  },
  toTokenAnswer: ({ status, json }) => {
    const error = findIn(json, 'error')
    if (typeof error !== 'object' || error === null) return { status, json }
    return toRefusal(findText(error, 'code') ?? '', findText(error, 'message') ?? '')
  },
  toAccountRequest: toBearerRequest,
  findIdentity: (json) => toIdentity(findText(json, 'id'), findText(json, 'name')),
  toRevocation: (url, token) => ({ ...toBearerRequest(url, token), method: 'DELETE' }),
})

function toRefusal(code: string, message: string) {
  const json = { error_description: message }
  // 1 and 2 are outages of theirs, 4, 17 and 341 limits: all of them pass. 1 is a wrong secret, too.
  const isOurs = /client secret/i.test(message)
  if (!isOurs && ['1', '2', '4', '17', '341'].includes(code)) {
    return { status: 503, json: { ...json, error: 'temporarily_unavailable' } }
  }
  const isGrant = code === '190' || (code === '100' && /(authorization|verification) code/i.test(message))
  return { status: 400, json: { ...json, error: isGrant ? 'invalid_grant' : 'invalid_client' } }
}
