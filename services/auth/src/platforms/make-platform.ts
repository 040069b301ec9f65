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
} from 'openid-client'
import type { CircuitBreaker } from './circuit-breaker.ts'
import { getIdentity } from './get-identity.ts'
import type { PlatformFetch } from './make-guarded-fetch.ts'
import { makePlatformFetch } from './make-platform-fetch.ts'
import type { Platform, PlatformFlow } from './platform.ts'
import { PlatformError, type PlatformFault } from './platform-error.ts'
import type { PlatformClient, PlatformFacts } from './platform-facts.ts'
import { revokeToken } from './revoke-token.ts'
import { toPlatformError } from './to-platform-error.ts'
import { toTokens } from './to-tokens.ts'

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
    revoke: (token) => call('revoke', () => revokeToken(facts, parts, config, token)),
  }
}

/** What ID tokens may be signed with (RFC 7518 §3.1, RFC 8037): nothing that our own secret, or nobody, could sign. */
const signatures = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]

function makeConfiguration(facts: PlatformFacts, { client, fetch }: PlatformParts): Configuration {
  const { authorizationUrl, tokenUrl, revocationUrl, jwksUrl } = facts
  const server = {
    issuer: facts.issuer,
    authorization_endpoint: authorizationUrl,
    token_endpoint: tokenUrl,
    id_token_signing_alg_values_supported: signatures,
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
