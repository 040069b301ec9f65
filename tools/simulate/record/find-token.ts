import { getClaims } from '../world/fast-tokens.ts'
import type { History } from './history.ts'
import type { AccessTokenRecord } from './records.ts'

/** The record of a token that the service has given out. */
export function findToken(history: History, text: string): AccessTokenRecord | undefined {
  const session = history.sessions.get(getClaims(text).sid)
  return session?.tokens.find((one) => one.text === text)
}
