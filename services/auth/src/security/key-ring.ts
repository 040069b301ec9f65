import type { KeyObject } from 'node:crypto'
import type { KeySource, SigningAlgorithm } from '@immersiverse/auth-client/verifier'

/** A private key that signs access tokens. */
export interface SigningKey {
  readonly id: string
  readonly algorithm: SigningAlgorithm
  readonly privateKey: KeyObject
}

/** The two keys behind refresh tokens: one makes the token's secret, one authenticates the whole. */
export interface RefreshKey {
  readonly id: string
  readonly derivationKey: KeyObject
  readonly macKey: KeyObject
}

/** The keys of the service as this instance has last read them; its members change, so nobody keeps them. */
export interface KeyRing {
  /** Public halves of all whose tokens may still be valid, and of revoked ones: `find` reads the newest. */
  readonly verifying: KeySource
  /** Public halves as a JWK Set: revoked ones are not told. */
  readonly jwksJson: string
  /** Makes refresh tokens. */
  readonly refresh: RefreshKey
  /** Keys hashes that must not be guessable, such as a mistyped identifier's. */
  readonly fingerprintKey: KeyObject
  /**
   * The key that signs what a transaction issued at this instant of the database's clock; undefined where the keys were read too long
   * before to know: another may sign by then, or this one be revoked.
   */
  findSigningKey(issuedAt: Date): SigningKey | undefined
  /** Older refresh keys too: a row may name one. */
  findRefreshKey(id: string): RefreshKey | undefined
  /** Whether everything that a key has signed is refused. */
  isRevoked(keyId: string): boolean
  /**
   * Reads the keys, by a query that starts after this call; those who wait share it.
   * @throws AuthError DATABASE_UNAVAILABLE; the keys stay as they were.
   */
  reload(): Promise<void>
  /** How long ago the keys were read, and how long the key that signs has done so. For metrics. */
  status(): { readonly ageMs: number; readonly signingKeyAgeMs: number }
}
