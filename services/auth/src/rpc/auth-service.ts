import type { MessageInitShape } from '@bufbuild/protobuf'
import { durationFromMs, timestampFromDate } from '@bufbuild/protobuf/wkt'
import type { AccessTokenClaims } from '@immersiverse/auth-client/verifier'
import {
  type AuthService,
  type PrincipalSchema,
  type ValidateTokenResponseSchema,
  ValidationReason,
} from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import { getRevocationStatus } from '../use-cases/get-revocation-status.ts'
import { getSigningKeys } from '../use-cases/get-signing-keys.ts'
import { listSessions } from '../use-cases/list-sessions.ts'
import { login } from '../use-cases/login.ts'
import { logout } from '../use-cases/logout.ts'
import { refreshToken } from '../use-cases/refresh-token.ts'
import { revokeSession } from '../use-cases/revoke-session.ts'
import type { Validation } from '../use-cases/validate-token.ts'
import { answerValidation } from './answer-validation.ts'
import { fromClientInfo, toTimestamp, toTokenPairMessage, toUserMessage } from './messages.ts'
import { toRevocationMarkMessage, toSessionMessage, toStatusResponse } from './revocation-messages.ts'
import type { UnaryHandlers } from './unary-handlers.ts'

/** AuthService's unary methods: translate in, decide, translate out. */
export function makeAuthService(deps: Deps): UnaryHandlers<typeof AuthService> {
  return {
    login: async (caller, { identifier, password, client }) => {
      const input = { identifier, password, client: fromClientInfo(client) }
      const { tokens, user } = await login(deps, caller, input)
      return { tokens: toTokenPairMessage(tokens), user: toUserMessage(user) }
    },
    logout: async (caller, { token, allSessions }) => {
      const input = { ...(token.case ? { [token.case]: token.value } : {}), allSessions }
      return { revocation: toRevocationMarkMessage(await logout(deps, caller, input)) }
    },
    refreshToken: async (caller, request) => {
      const input = { refreshToken: request.refreshToken, client: fromClientInfo(request.client) }
      return { tokens: toTokenPairMessage(await refreshToken(deps, caller, input)) }
    },
    validateToken: async (caller, request) =>
      toValidateTokenResponse(await answerValidation(deps, caller, request)),
    listSessions: async (caller, request) => ({
      sessions: (await listSessions(deps, caller, request)).map(toSessionMessage),
    }),
    revokeSession: async (caller, request) => ({
      revocation: toRevocationMarkMessage(await revokeSession(deps, caller, request)),
    }),
    getRevocationStatus: async () => toStatusResponse(await getRevocationStatus(deps)),
    getSigningKeys: async () => toSigningKeysResponse(deps),
  }
}

/** The public keys and the rules of tokens as the contract's answer. */
export function toSigningKeysResponse(deps: Pick<Deps, 'keyRing' | 'settings'>) {
  const { jwksJson, maxAgeMs } = getSigningKeys(deps)
  return {
    jwksJson,
    maxAge: durationFromMs(maxAgeMs),
    issuer: deps.settings.issuer,
    audience: deps.settings.audience,
    maxTokenLifetime: durationFromMs(deps.settings.accessTtlMs),
  }
}

/** What is known of a token as the contract's answer. */
export function toValidateTokenResponse(
  validation: Validation,
): MessageInitShape<typeof ValidateTokenResponseSchema> {
  const { reason, claims, checkedAt } = validation
  const isKnown = reason === undefined || reason === 'MISSING_ROLE'
  return {
    valid: reason === undefined,
    reason: reason === undefined ? ValidationReason.UNSPECIFIED : ValidationReason[reason],
    ...(claims && isKnown ? { principal: toPrincipal(claims) } : {}),
    checkedAt: timestampFromDate(checkedAt),
  }
}

/** The principal that a token's claims name. */
export function toPrincipal(claims: AccessTokenClaims): MessageInitShape<typeof PrincipalSchema> {
  return {
    userId: claims.sub,
    sessionId: claims.sid,
    roles: [...claims.roles],
    subscriptionTier: claims.tier,
    username: claims.name,
    clientId: claims.client_id,
    issuedAt: toTimestamp(claims.iat),
    expiresAt: toTimestamp(claims.exp),
    tokenId: claims.jti,
  }
}
