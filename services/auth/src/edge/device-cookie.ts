import { create, isMessage, type Message } from '@bufbuild/protobuf'
import { bounds, LoginRequestSchema, LoginResponseSchema } from '@immersiverse/auth-contract'

const name = 'auth_device'
const lifetimeSeconds = 365 * 86_400

/** A Login without a device token takes the cookie's, so that browsers keep theirs out of scripts' reach; any other request stays as it is. */
export function withDeviceCookie(request: Message, cookies: string | undefined): Message {
  if (!isMessage(request, LoginRequestSchema) || request.client?.deviceToken) return request
  const deviceToken = findCookie(cookies)
  if (deviceToken === undefined) return request
  const { identifier, password, client } = request
  const { clientId = '', deviceName = '' } = client ?? {}
  return create(LoginRequestSchema, { identifier, password, client: { clientId, deviceName, deviceToken } })
}

/** The `set-cookie` of a Login's answer, or undefined. It is sent to this origin's Login and nowhere else (RFC 6265 §4.1). */
export function findDeviceCookie(answer: Message, issuer: string): string | undefined {
  const token = isMessage(answer, LoginResponseSchema) ? answer.tokens?.deviceToken : undefined
  if (!token) return undefined
  const secure = issuer.startsWith('https:') ? '; Secure' : ''
  return `${name}=${token}; Max-Age=${lifetimeSeconds}; Path=/v1/auth/login; HttpOnly; SameSite=Strict${secure}`
}

/** A value that cannot be a token is no fault of the person's: it is as if it were not there. */
function findCookie(cookies = ''): string | undefined {
  for (const cookie of cookies.split(';')) {
    const [, value] = /^\s*auth_device=([\w.-]+)\s*$/.exec(cookie) ?? []
    if (value !== undefined && value.length <= bounds.deviceTokenMax) return value
  }
  return undefined
}
