import type { TokenEndpointResponse, TokenEndpointResponseHelpers } from 'openid-client'
import type { PlatformFetch } from './make-guarded-fetch.ts'
import { PlatformError, type PlatformFault } from './platform-error.ts'
import type { PlatformClient, PlatformFacts, PlatformIdentity } from './platform-facts.ts'
import { findText, parseJson } from './read-json.ts'
import { toIdentity } from './to-identity.ts'

/** What reading an account takes. */
export interface IdentityParts {
  readonly client: PlatformClient
  readonly fetch: PlatformFetch
}

/** Whose account a new grant is for. Throws PlatformError. */
export async function getIdentity(
  facts: PlatformFacts,
  parts: IdentityParts,
  answer: TokenEndpointResponse & TokenEndpointResponseHelpers,
): Promise<PlatformIdentity> {
  const { accountUrl, toAccountRequest } = facts
  const isInToken = accountUrl === undefined || toAccountRequest === undefined
  const identity = isInToken
    ? readClaims(answer)
    : await askAccount(facts, parts, toAccountRequest(accountUrl, answer.access_token, parts.client))
  if (identity !== undefined) return identity
  throw new PlatformError('REFUSED', `${facts.name} does not say which account it is`)
}

function readClaims(answer: TokenEndpointResponseHelpers): PlatformIdentity | undefined {
  const claims = answer.claims()
  return toIdentity(claims?.sub, findText(claims, 'preferred_username') ?? findText(claims, 'name'))
}

async function askAccount(
  facts: PlatformFacts,
  { fetch }: IdentityParts,
  request: Parameters<PlatformFetch>[0],
): Promise<PlatformIdentity | undefined> {
  const response = await fetch(request)
  if (response.status !== 200) {
    throw new PlatformError(
      toFault(response.status),
      `${facts.name} answers ${response.status} about the account`,
    )
  }
  const json = parseJson(await response.text())
  if (json === undefined)
    throw new PlatformError('UNAVAILABLE', `${facts.name} answers no JSON about the account`)
  return facts.findIdentity?.(json)
}

/** A token that is withdrawn before it is used is its person's doing: no outage, with which they would shut others out. */
function toFault(status: number): PlatformFault {
  if (status === 401 || status === 403) return 'REFUSED'
  return status >= 400 && status < 500 && status !== 429 ? 'MISCONFIGURED' : 'UNAVAILABLE'
}
