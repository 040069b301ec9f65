import type { History } from './history.ts'
import { mayBeRevoked } from './may-be-revoked.ts'
import type { AccessTokenRecord } from './records.ts'

const revoked = new Set(['REVOKED', 'USER_SUSPENDED', 'USER_DELETED'])
/** Whole seconds are cut off, and the database's clock may be as wrong as the measurement of it. */
const toleranceMs = 1100

/** Holds a refusal of a correct token against R7, R8 and R10: only what is revoked or has expired is refused. */
export function judgeRefusal(history: History, token: AccessTokenRecord, reason: string, by: string): void {
  if (revoked.has(reason)) {
    if (mayBeRevoked(history, token)) return
    history.violate('R8', `${by} refuses a token of #${token.by.id} as ${reason}, nothing has revoked it`)
    return
  }
  const databaseMs = history.beginningMs + history.time.nowMs + history.databaseAheadMs
  // A key goes when all that it has signed has expired.
  const isOfTime = reason === 'EXPIRED' || reason === 'UNKNOWN_KEY'
  if (isOfTime && databaseMs + toleranceMs >= token.claims.exp * 1000) return
  const isOfKey = reason === 'UNKNOWN_KEY' || reason === 'BAD_SIGNATURE'
  // A key that was made in lost commits is known to nobody any more.
  if (isOfKey && history.epochs.some(({ lostCommits }) => lostCommits > 0)) return
  history.violate(isOfKey ? 'R10' : 'R7', `${by} refuses a token of #${token.by.id} as ${reason}`)
}
