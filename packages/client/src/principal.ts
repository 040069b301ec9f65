/** Who a verified request acts for. Roles, tier and name are the token's, as of `issuedAt`; GetUser has the current ones. */
export interface Principal {
  /** UUIDv7. */
  readonly userId: string
  /** UUIDv7. */
  readonly sessionId: string
  readonly roles: readonly string[]
  /** Such as `FREE`; empty until the subscription service has set one. */
  readonly subscriptionTier: string
  readonly username: string
  /** The application that signed in. */
  readonly clientId: string
  readonly issuedAt: Date
  readonly expiresAt: Date
  /** The token's `jti`. */
  readonly tokenId: string
}
