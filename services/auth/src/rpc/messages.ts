import { create } from '@bufbuild/protobuf'
import { type Timestamp, timestampFromDate } from '@bufbuild/protobuf/wkt'
import {
  type ClientInfo as ClientInfoMessage,
  type TokenPair as TokenPairMessage,
  TokenPairSchema,
  type User as UserMessage,
  UserSchema,
  UserStatus,
} from '@immersiverse/auth-contract'
import type { ClientInfo } from '../domain/session.ts'
import type { User } from '../domain/user.ts'
import type { TokenPair } from '../use-cases/issue-tokens.ts'

/** A user as the contract's message; nothing but its fields crosses. */
export function toUserMessage(user: User): UserMessage {
  return create(UserSchema, {
    id: user.id,
    username: user.username,
    email: user.email,
    displayName: user.displayName,
    status: UserStatus[user.status],
    roles: [...user.roles],
    subscriptionTier: user.subscriptionTier,
    createdAt: timestampFromDate(user.createdAt),
    updatedAt: timestampFromDate(user.updatedAt),
    ...(user.lastLoginAt ? { lastLoginAt: timestampFromDate(user.lastLoginAt) } : {}),
    version: BigInt(user.version),
  })
}

/** A token pair as the contract's message. */
export function toTokenPairMessage(pair: TokenPair): TokenPairMessage {
  return create(TokenPairSchema, {
    accessToken: pair.accessToken,
    refreshToken: pair.refreshToken,
    tokenType: 'Bearer',
    accessExpiresAt: timestampFromDate(pair.accessExpiresAt),
    refreshExpiresAt: timestampFromDate(pair.refreshExpiresAt),
    sessionId: pair.sessionId,
    deviceToken: pair.deviceToken ?? '',
  })
}

/** The program a request names; nothing said is empty. */
export function fromClientInfo(message: ClientInfoMessage | undefined): ClientInfo {
  const { clientId = '', deviceName = '', deviceToken = '' } = message ?? {}
  return { clientId, deviceName, deviceToken }
}

/** Whole Unix seconds as a timestamp. */
export function toTimestamp(unixSeconds: number): Pick<Timestamp, 'seconds' | 'nanos'> {
  return { seconds: BigInt(unixSeconds), nanos: 0 }
}
