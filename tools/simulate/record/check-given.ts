import type { TokenPair } from '../../../services/auth/src/use-cases/issue-tokens.ts'
import type { History } from './history.ts'
import type { Operation, SessionRecord, UserRecord } from './records.ts'

/** Clocks of database and world may be apart by steps; whole seconds are cut off. */
const toleranceMs = 1000

/** Checks tokens that were just given against what has ended before the call began: R9, T1, T7, T10. */
export function checkGiven(
  history: History,
  operation: Operation,
  session: SessionRecord,
  pair: TokenPair,
): void {
  const user = history.getUser(operation.userId)
  checkUser(history, operation, user)
  if (session.endedMs !== undefined && session.endedMs < operation.startMs) {
    history.violate('T10', `#${operation.id} refreshed a session that had ended`)
  }
  checkFork(history, operation, session)
  checkLifetimes(history, operation, session, pair)
}

function checkUser(history: History, operation: Operation, user: UserRecord): void {
  const { startMs } = operation
  if (user.deletedMs !== undefined && user.deletedMs < startMs) {
    history.violate('R9', `#${operation.id} gave tokens to a user who was deleted`)
  }
  if (user.suspendedMs !== undefined && user.suspendedMs < startMs) {
    history.violate('R9', `#${operation.id} gave tokens to a user who was suspended`)
  }
  const changedMs = operation.password === undefined ? undefined : user.endedPasswords.get(operation.password)
  if (changedMs !== undefined && changedMs < startMs) {
    history.violate('R9', `#${operation.id} logged in by a password that had been changed`)
  }
}

/** One text for one generation; lost commits make another history of a family, whose leaf ends it when it is used. */
function checkFork(history: History, operation: Operation, session: SessionRecord): void {
  const { given } = operation
  if (given === undefined) return
  const known = session.generations.get(given.generation)
  if (
    known !== undefined &&
    known.text !== given.text &&
    !history.epochs.some((epoch) => epoch.lostCommits > 0)
  ) {
    history.violate('T1', `#${operation.id}: generation ${given.generation} has two tokens`)
  }
  if (known === undefined) {
    session.generations.set(given.generation, { text: given.text, givenMs: history.time.nowMs })
  }
  if (given.generation >= session.latest.generation) session.latest = given
}

function checkLifetimes(
  history: History,
  operation: Operation,
  session: SessionRecord,
  pair: TokenPair,
): void {
  const latestMs = session.absoluteEndMs[1] + history.databaseAheadMs + toleranceMs
  for (const end of [pair.accessExpiresAt, pair.refreshExpiresAt]) {
    const endMs = end.getTime() - history.beginningMs
    if (endMs > latestMs)
      history.violate('T7', `#${operation.id}: a token outlives its session by ${endMs - latestMs} ms`)
  }
}
