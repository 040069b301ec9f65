import { AuthError } from '../../../services/auth/src/domain/errors.ts'
import type { RevocationMark } from '../../../services/auth/src/domain/revocation.ts'
import type { TokenPair } from '../../../services/auth/src/use-cases/issue-tokens.ts'
import { applyEffects, applyTheft, applyToToken } from '../record/apply-effects.ts'
import { checkGiven } from '../record/check-given.ts'
import type { History, NewOperation } from '../record/history.ts'
import type { AccessTokenRecord, Operation, RefreshTokenRecord } from '../record/records.ts'
import type { AuthProcess } from '../world/open-auth-process.ts'

/** What a login or refresh gives its caller. */
export interface GivenTokens {
  readonly token: AccessTokenRecord
  readonly refresh: RefreshTokenRecord
}

/** Refusals that the contract knows for these calls; anything else but DATABASE_UNAVAILABLE is a fault of the service. */
const refusals = new Set([
  'INVALID_CREDENTIALS',
  'USER_SUSPENDED',
  'INVALID_REFRESH_TOKEN',
  'INVALID_ACCESS_TOKEN',
  'USER_NOT_FOUND',
  'SESSION_NOT_FOUND',
])

/**
 * The answer holds a refresh token of a key that a promotion has lost: an instance makes tokens of the keys it has read for `ringMaxAgeMs`
 * more. Nobody can open it, so its device is as far as if no answer had come.
 */
class LostKeyError extends Error {
  override readonly name = 'LostKeyError'
}

/** Runs a call in an instance of the service and records it; `work` is the real use-case. Rejects with what it throws. */
export async function serveOperation<T>(
  history: History,
  facts: NewOperation,
  work: () => Promise<T>,
  onOk: (operation: Operation, result: T) => void,
): Promise<T> {
  const operation = history.begin(facts)
  try {
    const result = await work()
    history.end(operation, 'OK')
    onOk(operation, result)
    // What a promotion has lost while its answer was on its way was never there.
    if (!mayBeLost(history, operation)) applyEffects(history, operation)
    return result
  } catch (error) {
    noteFailure(history, operation, error)
    const isRefused = operation.outcome === 'INVALID' && operation.kind === 'refresh'
    if (isRefused && !mayBeLost(history, operation)) applyTheft(history, operation)
    throw error
  }
}

function mayBeLost(history: History, { startMs }: Operation): boolean {
  return history.epochs.some(({ lostCommits, promotedMs }) => lostCommits > 0 && promotedMs >= startMs)
}

function mayUseLostKey({ epochs }: History, startMs: number, ringMaxAgeMs: number): boolean {
  return epochs.some(({ lostCommits, promotedMs }) => lostCommits > 0 && startMs <= promotedMs + ringMaxAgeMs)
}

function noteFailure(history: History, operation: Operation, error: unknown): void {
  const reason = error instanceof AuthError ? error.reason : String(error)
  const metadata = error instanceof AuthError ? (error.details.metadata ?? {}) : {}
  const isUnknown = reason === 'DATABASE_UNAVAILABLE' || error instanceof LostKeyError
  history.end(operation, isUnknown ? 'UNKNOWN' : 'INVALID', [reason, ...Object.values(metadata)].join(' '))
  if (isUnknown || refusals.has(reason)) return
  const cause = error instanceof Error ? String(error.cause ?? '') : ''
  history.violate('R7', `#${operation.id} ${operation.kind} failed with ${reason} ${cause}`)
}

/** Serves a login or a refresh: what it gives is remembered and held against what was promised. */
export async function serveTokens(
  history: History,
  auth: AuthProcess,
  facts: NewOperation,
  work: () => Promise<TokenPair>,
): Promise<GivenTokens> {
  let given: GivenTokens | undefined
  const { refreshTokens, settings } = auth.deps
  const startMs = history.time.nowMs
  const askUsable = async () => {
    const pair = await work()
    const isUsable = refreshTokens.findOpened(pair.refreshToken) !== undefined
    if (!isUsable && mayUseLostKey(history, startMs, settings.keyTimes.ringMaxAgeMs)) throw new LostKeyError()
    return pair
  }
  await serveOperation(history, facts, askUsable, (operation, pair) => {
    const opened = refreshTokens.findOpened(pair.refreshToken)
    if (opened === undefined) throw new Error('the service does not know its own refresh token')
    const refresh = { text: pair.refreshToken, sessionId: pair.sessionId, generation: opened.generation }
    const { token, session } = history.addTokens(operation, pair.accessToken, refresh, settings)
    checkGiven(history, operation, session, pair)
    applyToToken(history, token, session)
    given = { token, refresh }
  })
  if (given === undefined) throw new Error('nothing was given')
  return given
}

/** Serves a call that revokes; the tokens of a lower version than its mark says are revoked by it. */
export async function serveRevocation(
  history: History,
  facts: NewOperation,
  work: () => Promise<RevocationMark>,
): Promise<RevocationMark> {
  return await serveOperation(history, facts, work, (operation, mark) => {
    for (const entry of mark.entries) if (entry.type === 'USER') operation.minTv = entry.minTokenVersion
  })
}
