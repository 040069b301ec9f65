import { setTimeout as sleep } from 'node:timers/promises'
import { RpcError } from '@immersiverse/auth-client'
import type { Violation } from '../verdicts/judge-probe.ts'
import type { Replica } from '../world/world.ts'
import type { AcknowledgedWrite } from './open-write-load.ts'

const atOnce = 100
/** A connection that was refused during the restart is tried again every two seconds at most. */
const reachedWithinMs = 30_000

/** Asks every replica for all users that were acknowledged: each must be there, at the last version that was acknowledged or a later one. */
export async function findLostWrites(
  replicas: readonly Replica[],
  acknowledged: readonly AcknowledgedWrite[],
): Promise<Violation[]> {
  const versions = new Map<string, bigint>()
  for (const { userId, version } of acknowledged) {
    const known = versions.get(userId) ?? 0n
    versions.set(userId, version > known ? version : known)
  }
  const ids = [...versions.keys()]
  const violations: Violation[] = []
  for (const { name, direct } of replicas) {
    for (let at = 0; at < ids.length; at += atOnce) {
      const userIds = ids.slice(at, at + atOnce)
      const { users } = await askUntilReached(() => direct.users.batchGetUsers({ userIds }))
      const found = new Map(users.map((user) => [user.id, user.version]))
      for (const id of userIds) {
        const version = found.get(id)
        if (version !== undefined && version >= (versions.get(id) ?? 0n)) continue
        const told = `${name} has ${id} at version ${version ?? 'none'}, acknowledged was ${versions.get(id)}`
        violations.push({ property: 'rolling', told })
      }
    }
  }
  return violations
}

async function askUntilReached<T>(ask: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + reachedWithinMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const isAway = error instanceof RpcError && error.code === 'UNAVAILABLE'
      if (!isAway || performance.now() > endMs) throw error
      await sleep(100)
    }
  }
}
