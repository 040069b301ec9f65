import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  enableNonRepudiationChecks,
  refreshTokenGrant,
  tokenRevocation,
} from 'openid-client'
import type { CircuitBreaker } from './circuit-breaker.ts'
import type { PlatformFetch } from './make-guarded-fetch.ts'
import { makePlatformFetch } from './make-platform-fetch.ts'
import type { Platform, PlatformFlow, PlatformTokens } from './platform.ts'
import { PlatformError, type PlatformFault } from './platform-error.ts'
import type { PlatformClient, PlatformFacts, PlatformIdentity } from './platform-facts.ts'
import { findText } from './read-json.ts'
import { toIdentity } from './to-identity.ts'
import { toPlatformError } from './to-platform-error.ts'

/** One call to a platform that ended. */
export interface PlatformCall {
  readonly platform: string
  readonly operation: 'exchange' | 'renew' | 'revoke'
  readonly outcome: 'OK' | PlatformFault
}

/** What a platform is made of. */
export interface PlatformParts {
  readonly client: PlatformClient
  readonly fetch: PlatformFetch
  readonly breaker: CircuitBreaker
  readonly onCall: (call: PlatformCall) => void
}

type Answer = Awaited<ReturnType<typeof authorizationCodeGrant>>

/** Makes the client of one platform from what is particular about it. No call is made. */
export function makePlatform(facts: PlatformFacts, parts: PlatformParts): Platform {
  const config = makeConfiguration(facts, parts)
  const call = async <T>(operation: PlatformCall['operation'], work: () => Promise<T>): Promise<T> => {
    try {
      const result = await parts.breaker.run(() =>
        work().catch((error) => Promise.reject(toPlatformError(error))),
      )
      parts.onCall({ platform: facts.name, operation, outcome: 'OK' })
      return result
    } catch (error) {
      const outcome = error instanceof PlatformError ? error.fault : 'UNAVAILABLE'
      parts.onCall({ platform: facts.name, operation, outcome })
      throw error
    }
  }
  const renew = async (token: string) => toTokens(facts, await refreshTokenGrant(config, token))
  return {
    facts,
    get isOpen() {
      return parts.breaker.isOpen
    },
    toAuthorizationUrl: (flow) => toAuthorizationUrl(facts, config, flow),
    exchange: (flow, redirect) =>
      call('exchange', async () => {
        const answer = await exchangeCode(facts, config, flow, redirect)
        const first = toTokens(facts, answer)
        const identity = await getIdentity(facts, parts, answer)
        // What is renewed by showing itself begins short-lived.
        const tokens = facts.renewal === 'ACCESS_TOKEN' ? await renew(first.accessToken) : first
        return { tokens, identity }
      }),
    renew: (token) => call('renew', () => renew(token)),
    revoke: (token) => call('revoke', () => revoke(facts, parts, config, token)),
  }
}

function makeConfiguration(facts: PlatformFacts, { client, fetch }: PlatformParts): Configuration {
  const { authorizationUrl, tokenUrl, revocationUrl, jwksUrl } = facts
  const server = {
    issuer: facts.issuer,
    authorization_endpoint: authorizationUrl,
    token_endpoint: tokenUrl,
    authorization_response_iss_parameter_supported: facts.sendsIssuer,
    ...(revocationUrl === undefined ? {} : { revocation_endpoint: revocationUrl }),
    ...(jwksUrl === undefined ? {} : { jwks_uri: jwksUrl }),
  }
  const authenticate = facts.clientAuthentication === 'basic' ? ClientSecretBasic : ClientSecretPost
  const config = new Configuration(server, client.clientId, undefined, authenticate(client.clientSecret))
  config[customFetch] = makePlatformFetch(facts, fetch)
  // The fetch has a time-out of its own.
  config.timeout = 0
  if (facts.openId && jwksUrl !== undefined) enableNonRepudiationChecks(config)
  // Which hosts may be spoken to so, the fetch decides.
  const urls = [authorizationUrl, tokenUrl, revocationUrl, jwksUrl, facts.accountUrl]
  if (urls.some((url) => url?.startsWith('http:'))) allowInsecureRequests(config)
  return config
}

async function toAuthorizationUrl(
  facts: PlatformFacts,
  config: Configuration,
  flow: PlatformFlow,
): Promise<string> {
  const url = buildAuthorizationUrl(config, {
    ...facts.authorizationParameters,
    redirect_uri: flow.redirectUri,
    state: flow.state,
    ...(facts.scopes.length > 0 ? { scope: facts.scopes.join(' ') } : {}),
    ...(facts.openId ? { nonce: flow.nonce } : {}),
    ...(facts.pkce
      ? {
          code_challenge: await calculatePKCECodeChallenge(flow.codeVerifier),
          code_challenge_method: 'S256',
        }
      : {}),
  })
  return (facts.toAuthorizationUrl?.(url) ?? url).href
}

async function exchangeCode(
  facts: PlatformFacts,
  config: Configuration,
  flow: PlatformFlow,
  { code, iss }: { readonly code: string; readonly iss: string },
): Promise<Answer> {
  const url = new URL(flow.redirectUri)
  url.search = new URLSearchParams({ code, state: flow.state, ...(iss === '' ? {} : { iss }) }).toString()
  const checks = {
    expectedState: flow.state,
    ...(facts.openId ? { expectedNonce: flow.nonce } : {}),
    ...(facts.pkce ? { pkceCodeVerifier: flow.codeVerifier } : {}),
  }
  return await authorizationCodeGrant(config, url, checks, facts.toExchangeParameters?.(flow.state))
}

function toTokens(facts: PlatformFacts, answer: Answer): PlatformTokens {
  const { access_token: accessToken, refresh_token: refreshToken, scope, expires_in: seconds } = answer
  return {
    accessToken,
    refreshToken,
    lifetimeMs: seconds === undefined ? facts.accessTokenMs : seconds * 1000,
    scopes: scope === undefined ? undefined : scope.split(/[\s,]+/).filter((one) => one !== ''),
  }
}

async function getIdentity(
  facts: PlatformFacts,
  { client, fetch }: PlatformParts,
  answer: Answer,
): Promise<PlatformIdentity> {
  const identity = await findIdentity(facts, { client, fetch }, answer)
  if (identity !== undefined) return identity
  throw new PlatformError('REFUSED', `${facts.name} does not say which account it is`)
}

async function findIdentity(
  facts: PlatformFacts,
  { client, fetch }: Pick<PlatformParts, 'client' | 'fetch'>,
  answer: Answer,
): Promise<PlatformIdentity | undefined> {
  const { accountUrl, toAccountRequest } = facts
  if (accountUrl === undefined || toAccountRequest === undefined) {
    const claims = answer.claims()
    return toIdentity(claims?.sub, findText(claims, 'preferred_username') ?? findText(claims, 'name'))
  }
  const response = await fetch(toAccountRequest(accountUrl, answer.access_token, client))
  if (response.status !== 200) {
    const fault = response.status === 403 ? 'REFUSED' : 'UNAVAILABLE'
    throw new PlatformError(fault, `${facts.name} answers ${response.status} about the account`)
  }
  return facts.findIdentity?.(await response.json())
}

async function revoke(
  facts: PlatformFacts,
  { client, fetch }: PlatformParts,
  config: Configuration,
  token: string,
): Promise<void> {
  if (facts.revocationUrl === undefined) return
  if (facts.toRevocation === undefined) {
    await tokenRevocation(config, token, { token_type_hint: facts.revokes })
    return
  }
  const { status } = await fetch(facts.toRevocation(facts.revocationUrl, token, client))
  // 400 and 401 say that the token is not valid: that is what was asked for.
  if (status < 300 || status === 400 || status === 401 || status === 404) return
  throw new PlatformError('UNAVAILABLE', `${facts.name} answers ${status} to a revocation`)
}
