import { createHash } from 'node:crypto'
import { isMessage, type Message } from '@bufbuild/protobuf'
import { timestampMs } from '@bufbuild/protobuf/wkt'
import { BeginPlatformConnectionResponseSchema } from '@immersiverse/auth-contract'

/**
 * The cookie that ties a begun connection to the browser that began it, so that nobody can have another's browser finish theirs (RFC 9700 §4.7); undefined for
 * every other answer. Each connection has one of its own, so that several may run side by side. With TLS no sibling domain can set it.
 */
export function findStateCookie(answer: Message, issuer: string, now: Date): string | undefined {
  if (!isMessage(answer, BeginPlatformConnectionResponseSchema)) return undefined
  const { state, expiresAt } = answer
  const leftMs = (expiresAt === undefined ? 0 : timestampMs(expiresAt)) - now.getTime()
  return toCookie(toCookieName(state, issuer), '1', Math.max(1, Math.ceil(leftMs / 1000)), issuer)
}

/** Whether a request carries the cookie of a state. */
export function hasStateCookie(header: string | undefined, state: string, issuer: string): boolean {
  const wanted = `${toCookieName(state, issuer)}=1`
  return (header ?? '').split(';').some((one) => one.trim() === wanted)
}

/** Takes the cookie of a state away. */
export function endStateCookie(state: string, issuer: string): string {
  return toCookie(toCookieName(state, issuer), '', 0, issuer)
}

function toCookieName(state: string, issuer: string): string {
  const digest = createHash('sha256').update(state).digest('hex').slice(0, 32)
  return `${isSecure(issuer) ? '__Host-' : ''}platform-${digest}`
}

/** Lax: the redirect from the platform is a navigation from another site. */
function toCookie(name: string, value: string, maxAgeSeconds: number, issuer: string): string {
  const secure = isSecure(issuer) ? '; Secure' : ''
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`
}

function isSecure(issuer: string): boolean {
  return issuer.startsWith('https:')
}
