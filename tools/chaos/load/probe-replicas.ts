import { setTimeout as sleep } from 'node:timers/promises'
import { RpcError } from '@immersiverse/auth-client'
import { ValidationReason } from '@immersiverse/auth-contract'
import type { Random } from '../make-random.ts'
import type { History } from '../verdicts/history.ts'
import type { Replica } from '../world/world.ts'

/** Asks both replicas' ValidateToken directly. */
export interface ReplicaProber {
  /** Was revoked just now: both must refuse from here on. */
  heat(tokenId: number): void
  /** Ends when the signal aborts and all calls have ended. */
  readonly ended: Promise<void>
}

const afterMs = [0, 20, 150, 600, 2_500]
const tickMs = 100

/** Begins to ask: about a token that was revoked some times in the first seconds, about live ones now and then (R2, R8). */
export function probeReplicas(
  replicas: readonly Replica[],
  { history, random, signal }: { history: History; random: Random; signal: AbortSignal },
): ReplicaProber {
  const running = new Set<Promise<void>>()
  const ask = (replica: Replica, tokenId: number) => {
    const call = askOne(history, replica, tokenId).finally(() => running.delete(call))
    running.add(call)
  }
  const run = async () => {
    while (!signal.aborted) {
      const ids = history.listLive()
      if (ids.length > 0) for (const replica of replicas) ask(replica, random.pick(ids))
      await sleep(tickMs)
    }
    await Promise.all(running)
  }
  const heat = async (tokenId: number) => {
    let waitedMs = 0
    for (const dueMs of afterMs) {
      if (dueMs > waitedMs) await sleep(dueMs - waitedMs)
      waitedMs = dueMs
      if (signal.aborted) return
      for (const replica of replicas) ask(replica, tokenId)
    }
  }
  return { heat: (tokenId) => void heat(tokenId), ended: run() }
}

async function askOne(history: History, { name, direct }: Replica, tokenId: number): Promise<void> {
  const token = history.tokens.get(tokenId)
  if (token === undefined) return
  const startedAtMs = history.nowMs()
  const outcome = await direct.auth.validateToken({ accessToken: token.token }).then(
    ({ valid, reason }) => (valid ? 'ACCEPTED' : `REFUSED:${ValidationReason[reason]}`),
    (error) => `${isOutage(error) ? 'UNAVAILABLE' : 'BROKEN'}:${error}`,
  )
  history.take(tokenId, { by: name, startedAtMs, answeredAtMs: history.nowMs(), outcome }, 0, 'asked')
}

/** A process that was killed ends calls as it can: with a reset, or with the answer half sent. */
function isOutage(error: unknown): boolean {
  return (
    error instanceof RpcError &&
    ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED', 'INTERNAL'].includes(error.code)
  )
}
