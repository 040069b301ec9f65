import type { SessionId, UserId } from './ids.ts'

/** A session with its refresh family, as the row holds it. */
export interface Session {
  readonly id: SessionId
  readonly userId: UserId
  readonly clientId: string
  readonly deviceName: string
  readonly endedAt: Date | undefined
  readonly absoluteExpiresAt: Date
  readonly idleExpiresAt: Date
  /** The current generation of the refresh token; the first is 1. */
  readonly generation: number
  readonly tokenHash: Uint8Array
  /** With the key that `derivationKeyId` names, gives the current refresh token again. */
  readonly nonce: Uint8Array
  readonly derivationKeyId: string
  readonly previousTokenHash: Uint8Array | undefined
  /** When the current generation was made, and for whom. */
  readonly rotatedAt: Date | undefined
  readonly rotatedByIp: string | undefined
  readonly rotatedByUserAgent: string | undefined
}

/** A session whose refresh token works, as its user sees it. */
export interface LiveSession {
  readonly id: SessionId
  readonly clientId: string
  readonly deviceName: string
  readonly createdAt: Date
  readonly lastUsedAt: Date
  /** Empty where it is not known. */
  readonly lastIp: string
  readonly lastUserAgent: string
  /** When it ends unless it is used before. */
  readonly expiresAt: Date
}

/** Which program asks, and on which device; empty where nothing is said. */
export interface ClientInfo {
  readonly clientId: string
  readonly deviceName: string
  readonly deviceToken?: string
}
