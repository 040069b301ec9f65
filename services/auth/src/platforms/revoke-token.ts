import { ClientError, type Configuration, tokenRevocation } from 'openid-client'
import type { PlatformFetch } from './make-guarded-fetch.ts'
import type { PlatformClient, PlatformFacts } from './platform-facts.ts'
import { findText, parseJson } from './read-json.ts'
import { toErrorAnswer } from './to-platform-error.ts'

/** What revoking takes. */
export interface RevocationParts {
  readonly client: PlatformClient
  readonly fetch: PlatformFetch
}

/** Revokes a token where the platform has a way. Throws what openid-client does, or PlatformError; REFUSED: the token is not valid any more. */
export async function revokeToken(
  facts: PlatformFacts,
  { client, fetch }: RevocationParts,
  config: Configuration,
  token: string,
): Promise<void> {
  if (facts.revocationUrl === undefined) return
  if (facts.toRevocation === undefined) {
    await tokenRevocation(config, token, { token_type_hint: facts.revokes }).catch(nameError)
    return
  }
  const response = await fetch(facts.toRevocation(facts.revocationUrl, token, client))
  if (response.status < 300) return
  const given = { status: response.status, json: parseJson(await response.text()) }
  const { status, json } = facts.toTokenAnswer?.(given) ?? given
  throw toErrorAnswer({ status, error: findText(json, 'error') ?? toUnnamed(status) })
}

/** Twitch says what is wrong in a text. */
function nameError(error: unknown): never {
  const response = error instanceof ClientError ? error.cause : undefined
  if (!(response instanceof Response) || toUnnamed(response.status) === '') throw error
  throw toErrorAnswer({ status: response.status, error: toUnnamed(response.status) })
}

/** Where they do not name what is wrong with a request, it is the token: nothing else in it changes. */
function toUnnamed(status: number): string {
  return status === 400 || status === 401 ? 'invalid_token' : ''
}
