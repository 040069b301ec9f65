import type { LocalVerifyOptions } from '@immersiverse/auth-client/verifier'
import { AuthError } from '../../../packages/client/src/auth-error.ts'
import type { VerifyingProcess } from '../world/open-verifying-process.ts'
import type { History } from './history.ts'
import { judgeRefusal } from './judge-refusal.ts'
import type { AccessTokenRecord } from './records.ts'

/** From the last clock read to the answer. */
const epsilonMs = 100
/** Timestamps come in whole milliseconds. */
const resolutionMs = 3

/** Verifies a token in a process, and holds the answer against R1, R6, R7 and R8. */
export async function verifyRecorded(
  history: History,
  { follower, local, process, verifier }: VerifyingProcess,
  token: AccessTokenRecord,
  maxStalenessMs: number,
  options: LocalVerifyOptions = {},
): Promise<void> {
  const startMs = history.time.nowMs
  const { ageMs, state } = follower.readFreshness(options.maxStalenessMs)
  const wasRevokedMs = token.revokedMs
  const before = local.counts().local
  const answer = local.verify(token.text, options)
  const isLocal = local.counts().local > before
  try {
    const principal = await answer
    history.counts.accepts++
    if (isLocal) history.counts.localAccepts++
    if (wasRevokedMs === undefined || token.revokedMs === undefined) return
    const sinceMs = startMs - wasRevokedMs
    const what = `${process.name} accepts ${sinceMs.toFixed(1)} ms after ${token.revokedBy}`
    if (sinceMs >= maxStalenessMs + epsilonMs) history.violate('R1', what)
    else if (options.atLeast !== undefined) history.violate('R1', `${what}, though asked for at least that`)
    else if (isLocal && ageMs !== undefined && sinceMs > ageMs + resolutionMs) {
      history.violate('R6', `${what}, its view being ${state} and at most ${ageMs.toFixed(1)} ms old`)
    } else if (sinceMs > 0 && principal !== findOwnPrincipal(verifier, token.text)) {
      history.violate('R2', `${what}, by ValidateToken`)
    }
  } catch (error) {
    judgeError(history, token, error, process.name)
  }
}

/** The principal of a local answer; one of ValidateToken is another object. */
function findOwnPrincipal(verifier: VerifyingProcess['verifier'], text: string) {
  const verified = verifier.verifySignature(text)
  return verified.ok ? verified.token.attachment?.principal : undefined
}

function judgeError(history: History, token: AccessTokenRecord, error: unknown, by: string): void {
  if (!(error instanceof AuthError)) history.violate('R7', `${by} fails with ${String(error)}`)
  else if (error.code === 'UNAVAILABLE') history.counts.unavailable++
  else {
    history.counts.refusals++
    judgeRefusal(history, token, error.reason, by)
  }
}
