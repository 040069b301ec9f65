import { setTimeout as sleep } from 'node:timers/promises'
import { makeCredentials } from '../load/person.ts'
import type { Replica, World } from './world.ts'

/** How long recovery may take once the last fault is healed: the slowest wait is of verification's circuit breaker, 10 s and jitter. */
export const recoveryLimitMs = 60_000

const everyMs = 100

/** Resolves with how long it took until every replica logs in and validates, and every verifier is FRESH. Throws what is missing in the end. */
export async function awaitRecovery({ replicas, verifiers }: World, signal: AbortSignal): Promise<number> {
  const begunAtMs = performance.now()
  for (;;) {
    const missing = await Promise.all([
      ...replicas.map(async (replica) => await findFault(replica)),
      ...verifiers.map(async ({ name, findState }) => {
        const state = await findState(1_000)
        return state === 'FRESH' ? undefined : `verifier ${name} is ${state ?? 'silent'}`
      }),
    ])
    const tookMs = performance.now() - begunAtMs
    const faults = missing.filter((fault) => fault !== undefined)
    if (faults.length === 0 || signal.aborted) return tookMs
    if (tookMs > recoveryLimitMs)
      throw new Error(`not recovered after ${recoveryLimitMs} ms: ${faults.join('; ')}`)
    await sleep(everyMs)
  }
}

/** Signs somebody up, logs in, and has the token validated: what is wrong, if anything. */
async function findFault({ name, direct: { auth, users } }: Replica): Promise<string | undefined> {
  const { username, password } = makeCredentials()
  try {
    await users.createUser({ username, password, email: `${username}@example.org` })
    const { tokens } = await auth.login({ identifier: username, password })
    const { valid } = await auth.validateToken({ accessToken: tokens?.accessToken ?? '' })
    return valid ? undefined : `${name} refuses a token of its own`
  } catch (error) {
    return `${name}: ${error}`
  }
}
