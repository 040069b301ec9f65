import { create, type DescMethod, isMessage, type Message } from '@bufbuild/protobuf'
import { timestampMs } from '@bufbuild/protobuf/wkt'
import {
  AuthService,
  LoginResponseSchema,
  LogoutRequestSchema,
  RefreshTokenRequestSchema,
  RefreshTokenResponseSchema,
  type TokenPair,
} from '@immersiverse/auth-contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../deps.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import { findCookie } from './find-cookie.ts'

/** What decides about cookies. */
export interface CookieModeOptions {
  readonly clock: Deps['clock']
  readonly issuer: string
  readonly origins: readonly string[]
}

/** A request that keeps its refresh token in a cookie. */
export interface CookieMode {
  /** The request with the cookie's token in it. Throws AuthError INVALID_FIELD where it has one of its own. */
  withCookie(message: Message): Message
  /**
   * The answer without the refresh token, which goes into the cookie; after a logout the cookie is taken away. A refusal leaves it: another
   * tab may have logged in meanwhile.
   */
  toCookie(answer: Message): Message
}

const methods: ReadonlySet<DescMethod> = new Set([
  AuthService.method.login,
  AuthService.method.refreshToken,
  AuthService.method.logout,
])

/**
 * Cookie mode of a request, undefined where it does not ask for it by `x-auth-mode: cookie`: then its cookies are as if they were not there.
 * The header is what makes a browser ask before a page of another site may send it; the origin is looked at all the same.
 * @throws AuthError CROSS_SITE_REQUEST from an origin that is neither the issuer's nor listed, or without one; MALFORMED_MESSAGE for a mode
 *   that is none.
 */
export function findCookieMode(
  options: CookieModeOptions,
  method: DescMethod,
  request: FastifyRequest,
  reply: FastifyReply,
): CookieMode | undefined {
  const mode = request.headers['x-auth-mode']
  if (mode === undefined || mode === 'bearer' || !methods.has(method)) return undefined
  if (mode !== 'cookie') {
    const fields = [{ field: 'x-auth-mode', description: 'must be bearer or cookie' }]
    throw new AuthError('MALFORMED_MESSAGE', { fields })
  }
  requireKnownOrigin(options, request)
  const cookie = toCookieShape(options.issuer)
  const set = (value: string, maxAgeSeconds: number) =>
    reply.header('set-cookie', `${cookie.name}=${value}; Max-Age=${maxAgeSeconds}; ${cookie.attributes}`)
  return {
    withCookie: (message) => addToken(message, findCookie(request.headers.cookie, cookie.name) ?? ''),
    toCookie(answer) {
      if (method === AuthService.method.logout) {
        set('', 0)
        return answer
      }
      const tokens = getTokens(answer)
      const expiresMs = tokens.refreshExpiresAt ? timestampMs(tokens.refreshExpiresAt) : 0
      set(tokens.refreshToken, Math.max(0, Math.floor((expiresMs - options.clock.now().getTime()) / 1000)))
      tokens.refreshToken = ''
      return answer
    },
  }
}

function requireKnownOrigin({ issuer, origins }: CookieModeOptions, { headers }: FastifyRequest): void {
  const { origin } = headers
  if (origin !== undefined && (origin === new URL(issuer).origin || origins.includes(origin))) return
  throw new AuthError('CROSS_SITE_REQUEST')
}

/** `__Host-` keeps other hosts of the domain from planting one (RFC 6265bis §4.1.3.2); browsers take it over https only. */
function toCookieShape(issuer: string): { readonly name: string; readonly attributes: string } {
  const attributes = 'Path=/; HttpOnly; SameSite=Strict'
  return issuer.startsWith('https:')
    ? { name: '__Host-auth_refresh', attributes: `${attributes}; Secure` }
    : { name: 'auth_refresh', attributes }
}

function addToken(message: Message, refreshToken: string): Message {
  if (isMessage(message, RefreshTokenRequestSchema)) {
    if (message.refreshToken !== '') throw invalidField('refresh_token', 'must be empty: the cookie has it')
    return create(RefreshTokenRequestSchema, { ...message, refreshToken })
  }
  if (isMessage(message, LogoutRequestSchema)) {
    if (message.token.case === 'refreshToken') {
      throw invalidField('refresh_token', 'must be empty: the cookie has it')
    }
    if (message.token.value || refreshToken === '') return message
    const token = { case: 'refreshToken', value: refreshToken } as const
    return create(LogoutRequestSchema, { token, allSessions: message.allSessions })
  }
  return message
}

/** Login's and RefreshToken's answers have them; only those are asked. */
function getTokens(answer: Message): TokenPair {
  const tokens =
    isMessage(answer, LoginResponseSchema) || isMessage(answer, RefreshTokenResponseSchema)
      ? answer.tokens
      : undefined
  if (tokens === undefined) throw new Error(`${answer.$typeName} has no tokens`)
  return tokens
}
