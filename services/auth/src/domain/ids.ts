declare const brand: unique symbol

/** A user's id: a UUID in lower case. */
export type UserId = string & { readonly [brand]: 'UserId' }
/** A session's id: a UUID in lower case. */
export type SessionId = string & { readonly [brand]: 'SessionId' }

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether a text is a UUID (RFC 9562) of any version. */
export function isUuid(text: string): boolean {
  return uuid.test(text)
}

/** The user id in a text, or undefined where it is no UUID. */
export function findUserId(text: string): UserId | undefined {
  return isUuid(text) ? (text.toLowerCase() as UserId) : undefined
}

/** The session id in a text, or undefined where it is no UUID. */
export function findSessionId(text: string): SessionId | undefined {
  return isUuid(text) ? (text.toLowerCase() as SessionId) : undefined
}
