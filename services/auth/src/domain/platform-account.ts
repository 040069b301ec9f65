import type { UserId } from './ids.ts'

declare const brand: unique symbol

/** The id of a connected account: a UUID in lower case. */
export type PlatformAccountId = string & { readonly [brand]: 'PlatformAccountId' }

/** Whether the platform still lets us act. */
export type PlatformAccountStatus = 'ACTIVE' | 'WITHDRAWN'

/** A user's account at a platform, without its tokens. */
export interface PlatformAccount {
  readonly id: PlatformAccountId
  readonly userId: UserId
  readonly platform: string
  /** The account's id there. */
  readonly subject: string
  readonly username: string
  readonly scopes: readonly string[]
  readonly status: PlatformAccountStatus
  readonly connectedAt: Date
}

/** Which token a sealed value is. */
export type TokenColumn = 'access_token' | 'refresh_token'

/** What a sealed token of a platform is bound to: in another user's, platform's or account's row, or another column, it does not open. */
export function toTokenContext(
  account: Pick<PlatformAccount, 'id' | 'userId' | 'platform'>,
  column: TokenColumn,
): string {
  return `platform ${account.userId} ${account.platform} ${account.id} ${column}`
}
