/** What a caller may do with one method. */
export interface Grant {
  /** The fields with presence that a request may set, by their proto names; undefined: all. */
  readonly fields: ReadonlySet<string> | undefined
}

/** How often a caller may call one instance. */
export interface CallerLimit {
  readonly perSecond: number
  /** Calls that may come at once after a pause. */
  readonly burst: number
}

/** A key that proves a caller who cannot do mTLS. */
export interface CallerKey {
  readonly kid: string
  /** A public P-256 key as JWK. */
  readonly jwk: { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
}

/** What the callers file says of one caller. */
export interface CallerEntry {
  /** Its SPIFFE id. */
  readonly id: string
  /** By the full name of the method, such as `auth.v1.UserService/GetUser`. What is not here it may not call. */
  readonly grants: ReadonlyMap<string, Grant>
  readonly limit: CallerLimit | undefined
  /** Whether it may call from an IP address; IPv4 also as `::ffff:a.b.c.d`. */
  readonly isAddressAllowed: (address: string) => boolean
  readonly keys: readonly CallerKey[]
}

/** Who may call what, by SPIFFE id. */
export type CallerPolicy = ReadonlyMap<string, CallerEntry>
