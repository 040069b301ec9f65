/** A request to a platform that is no plain RFC 6749 or RFC 7009. */
export interface PlatformRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Who we are at a platform. */
export interface PlatformClient {
  readonly clientId: string
  readonly clientSecret: string
}

/** An account as the platform names it. */
export interface PlatformIdentity {
  /** Stays when the account is renamed. */
  readonly subject: string
  readonly username: string
}

/** A JSON answer of a platform. */
export interface PlatformAnswer {
  readonly status: number
  readonly json: unknown
}

/** Where a platform listens; each can be overridden. */
export interface PlatformEndpoints {
  readonly authorizationUrl: string
  readonly tokenUrl: string
  /** Where the account's id and name are read; undefined where the ID token tells them. */
  readonly accountUrl: string | undefined
  /** Undefined where the platform has no way to revoke a grant. */
  readonly revocationUrl: string | undefined
  /** The keys of ID tokens; undefined where there are none. */
  readonly jwksUrl: string | undefined
}

/** Everything that is particular about one platform. */
export interface PlatformFacts extends PlatformEndpoints {
  /** In lower case: part of variables, paths and events. */
  readonly name: string
  readonly title: string
  /** The pages of the platform that say so. */
  readonly docs: readonly [string, ...string[]]
  /** What `iss` must be, where it comes. Platforms without one are named by their origin. */
  readonly issuer: string
  /** The redirect must carry `iss` (RFC 9207). */
  readonly sendsIssuer: boolean
  /** PKCE with S256 (RFC 7636). */
  readonly pkce: boolean
  /** Answers with an ID token, in which our nonce must be. */
  readonly openId: boolean
  /** The least that names the account and keeps the grant alive. */
  readonly scopes: readonly string[]
  readonly authorizationParameters: Readonly<Record<string, string>>
  readonly clientAuthentication: 'post' | 'basic'
  /** How an access token is renewed: with a refresh token, or by showing itself while it is valid. */
  readonly renewal: 'REFRESH_TOKEN' | 'ACCESS_TOKEN'
  /** The life of an access token where the answer does not say. */
  readonly accessTokenMs: number
  /** After so long without use a grant is renewed in the background: well before the platform would drop it. */
  readonly idleRenewalMs: number
  /** Which token a revocation names. */
  readonly revokes: 'refresh_token' | 'access_token'
  /** Whether its account may log a user in: only where the platform documents an id that stays. */
  readonly login: boolean
  /** Renames parameters of the authorization URL. */
  readonly toAuthorizationUrl?: (url: URL) => URL
  /** A form for the token endpoint, as the platform wants it. */
  readonly toTokenRequest?: (url: string, form: URLSearchParams) => PlatformRequest
  /** An answer of the token endpoint as RFC 6749 §5 has it. */
  readonly toTokenAnswer?: (answer: PlatformAnswer) => PlatformAnswer
  /** Parameters beside those of RFC 6749 §4.1.3. */
  readonly toExchangeParameters?: (state: string) => Readonly<Record<string, string>>
  readonly toAccountRequest?: (url: string, accessToken: string, client: PlatformClient) => PlatformRequest
  /** Undefined where the answer names no account. */
  readonly findIdentity?: (json: unknown) => PlatformIdentity | undefined
  /** Undefined where the platform revokes as RFC 7009 says. */
  readonly toRevocation?: (url: string, token: string, client: PlatformClient) => PlatformRequest
}

/** A GET with a bearer token. */
export function toBearerRequest(url: string, accessToken: string): PlatformRequest {
  const headers = { accept: 'application/json', authorization: `Bearer ${accessToken}` }
  return { method: 'GET', url, headers, body: undefined }
}
