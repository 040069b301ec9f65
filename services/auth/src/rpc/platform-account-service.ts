import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'
import {
  type GetPlatformAccessTokenResponseSchema,
  type PlatformAccount as PlatformAccountMessage,
  PlatformAccountSchema,
  type PlatformAccountService,
  PlatformAccountStatus,
} from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import type { PlatformAccount } from '../domain/platform-account.ts'
import { beginPlatformConnection } from '../use-cases/begin-platform-connection.ts'
import { beginPlatformLogin } from '../use-cases/begin-platform-login.ts'
import { connectPlatformAccount } from '../use-cases/connect-platform-account.ts'
import { disconnectPlatformAccount } from '../use-cases/disconnect-platform-account.ts'
import { getPlatformAccessToken, type PlatformAccessToken } from '../use-cases/get-platform-access-token.ts'
import { getPlatformAccounts } from '../use-cases/get-platform-accounts.ts'
import { loginWithPlatform } from '../use-cases/login-with-platform.ts'
import { fromClientInfo, toTokenPairMessage, toUserMessage } from './messages.ts'
import type { UnaryHandlers } from './unary-handlers.ts'

/** PlatformAccountService: translate in, decide, translate out. */
export function makePlatformAccountService(deps: Deps): UnaryHandlers<typeof PlatformAccountService> {
  return {
    beginPlatformConnection: async (caller, request) => {
      const { expiresAt, ...begun } = await beginPlatformConnection(deps, caller, request)
      return { ...begun, expiresAt: timestampFromDate(expiresAt) }
    },
    connectPlatformAccount: async (caller, request) => ({
      account: toPlatformAccountMessage(await connectPlatformAccount(deps, caller, request)),
    }),
    disconnectPlatformAccount: async (caller, request) => {
      await disconnectPlatformAccount(deps, caller, request)
      return {}
    },
    getPlatformAccounts: async (caller, request) => ({
      accounts: (await getPlatformAccounts(deps, caller, request)).map(toPlatformAccountMessage),
    }),
    getPlatformAccessToken: async (caller, request) =>
      toAccessTokenResponse(await getPlatformAccessToken(deps, caller, request)),
    beginPlatformLogin: async (caller, request) => {
      const { expiresAt, ...begun } = await beginPlatformLogin(deps, caller, request)
      return { ...begun, expiresAt: timestampFromDate(expiresAt) }
    },
    loginWithPlatform: async (caller, request) => {
      const input = { ...request, client: fromClientInfo(request.client) }
      const { tokens, user, created } = await loginWithPlatform(deps, caller, input)
      return { tokens: toTokenPairMessage(tokens), user: toUserMessage(user), created }
    },
  }
}

function toPlatformAccountMessage(account: PlatformAccount): PlatformAccountMessage {
  return create(PlatformAccountSchema, {
    id: account.id,
    userId: account.userId,
    platform: account.platform,
    platformUserId: account.subject,
    platformUsername: account.username,
    scopes: [...account.scopes],
    status: PlatformAccountStatus[account.status],
    connectedAt: timestampFromDate(account.connectedAt),
  })
}

function toAccessTokenResponse({
  accessToken,
  expiresAt,
  scopes,
}: PlatformAccessToken): MessageInitShape<typeof GetPlatformAccessTokenResponseSchema> {
  return {
    accessToken,
    scopes: [...scopes],
    ...(expiresAt === undefined ? {} : { expiresAt: timestampFromDate(expiresAt) }),
  }
}
