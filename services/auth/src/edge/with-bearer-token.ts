import { create, isMessage, type Message } from '@bufbuild/protobuf'
import { LogoutRequestSchema } from '@immersiverse/auth-contract'
import { findBearer } from './find-bearer.ts'

/**
 * A Logout without a token in its body takes the bearer header's as its access token (contract §2); any other request stays as it is.
 * @throws AuthError INVALID_ACCESS_TOKEN for a bearer header that holds no token.
 */
export function withBearerToken(request: Message, authorization: readonly string[] | undefined): Message {
  if (!isMessage(request, LogoutRequestSchema) || request.token.value) return request
  const value = findBearer(authorization)
  if (value === undefined) return request
  const token = { case: 'accessToken', value } as const
  return create(LogoutRequestSchema, { token, allSessions: request.allSessions })
}
