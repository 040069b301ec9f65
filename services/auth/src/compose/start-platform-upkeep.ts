import type { Deps } from '../deps.ts'
import { deleteOldConnections } from '../store/platform-connections.ts'
import { deleteOldRevocations } from '../store/platform-revocations.ts'
import { renewDueGrants } from '../use-cases/renew-due-grants.ts'
import { revokeDueGrants } from '../use-cases/revoke-due-grants.ts'

/** Work that is done for platforms in the background. */
export interface PlatformUpkeep {
  /** Grants wait to be revoked. */
  wake(): void
  /** Waits for what a platform has been asked already, calls included. */
  close(): Promise<void>
}

/** Of connections that were begun and never finished, deleted at a time. */
const oldConnectionsMax = 1000

/**
 * Renews grants that nobody uses, revokes those that were forgotten, and deletes what was begun and never finished: two loops, for a platform that is slow to
 * renew must not hold up revocations. Where no platform is enabled it does nothing.
 */
export function startPlatformUpkeep(deps: Deps): PlatformUpkeep {
  const closing = new AbortController()
  let waking = new AbortController()
  const { clock, log, platforms, random, settings } = deps
  const pause = async (signal: AbortSignal) =>
    await clock.sleep(settings.platforms.times.upkeepMs * (0.75 + random() / 2), signal)

  const repeat = async (what: string, work: () => Promise<boolean>, toSignal: () => AbortSignal) => {
    while (!closing.signal.aborted) {
      const signal = toSignal()
      const isMore = await work().catch((err) => {
        log.warn({ err }, `${what}; trying again`)
        return false
      })
      if (!isMore) await pause(signal)
    }
  }

  const renew = async () => {
    await deleteOldConnections(deps.database.kysely, oldConnectionsMax)
    await deleteOldRevocations(deps.database.kysely)
    return await renewDueGrants(deps, closing.signal)
  }
  const toWaking = () => {
    waking = new AbortController()
    return AbortSignal.any([closing.signal, waking.signal])
  }
  const running =
    platforms.list.length === 0
      ? []
      : [
          repeat('grants of platforms cannot be renewed', renew, () => closing.signal),
          repeat(
            'grants cannot be revoked at platforms',
            () => revokeDueGrants(deps, closing.signal),
            toWaking,
          ),
        ]
  return {
    wake: () => waking.abort(),
    close: async () => {
      closing.abort()
      await Promise.all(running)
      await deps.platformWork.settled()
    },
  }
}
