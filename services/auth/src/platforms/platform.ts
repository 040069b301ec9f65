import type { PlatformFacts, PlatformIdentity } from './platform-facts.ts'

/** Tokens of a grant as the platform gave them. */
export interface PlatformTokens {
  readonly accessToken: string
  /** Undefined where the platform gave none: the one before, if there is one, goes on. */
  readonly refreshToken: string | undefined
  /** From the answer's arrival on. */
  readonly lifetimeMs: number
  /** Undefined where the answer does not say: what was asked for, or what was given before. */
  readonly scopes: readonly string[] | undefined
}

/** A new grant, and for whose account. */
export interface PlatformGrant {
  readonly tokens: PlatformTokens
  readonly identity: PlatformIdentity
}

/** What a flow keeps from its beginning to its end. */
export interface PlatformFlow {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly redirectUri: string
}

/** What the browser brought back. */
export interface PlatformRedirect {
  readonly code: string
  /** Empty where there was none. */
  readonly iss: string
}

/** A platform that is enabled. Methods that call it throw PlatformError. */
export interface Platform {
  readonly facts: PlatformFacts
  toAuthorizationUrl(flow: PlatformFlow): Promise<string>
  /** Exchanges the code and reads whose account it is. */
  exchange(flow: PlatformFlow, redirect: PlatformRedirect): Promise<PlatformGrant>
  /** New tokens for an old one: the refresh token, or the access token where `facts.renewal` says so. */
  renew(token: string): Promise<PlatformTokens>
  /** Ends a grant; a token that is not known (any more) is fine. Does nothing where the platform has no way. */
  revoke(token: string): Promise<void>
  /** It has failed too often and is left alone for a while. */
  readonly isOpen: boolean
}

/** The platforms that are enabled. */
export interface Platforms {
  readonly list: readonly Platform[]
  find(name: string): Platform | undefined
}
