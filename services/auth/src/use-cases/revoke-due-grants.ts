import type { Deps } from '../deps.ts'
import { toTokenContext } from '../domain/platform-account.ts'
import { toPauseMs } from '../domain/platform-times.ts'
import { toLogCause } from '../domain/to-log-cause.ts'
import { PlatformError } from '../platforms/platform-error.ts'
import { findPlatformAccount } from '../store/platform-accounts.ts'
import {
  deleteRevocation,
  type PendingRevocation,
  postponeRevocation,
  takeDueRevocations,
} from '../store/platform-revocations.ts'

type RevokeDeps = Pick<Deps, 'database' | 'log' | 'platforms' | 'random' | 'seal' | 'settings'>

const batch = 20
const takenMs = 60_000

/**
 * Revokes at their platforms the grants that were forgotten here. Returns whether more may be due. What fails is tried again, ever less often, and
 * given up with a line in the log. Platforms that are down are left out. After `stop` none is begun.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function revokeDueGrants(deps: RevokeDeps, stop?: AbortSignal): Promise<boolean> {
  const platforms = deps.platforms.list.filter(({ isOpen }) => !isOpen).map(({ facts }) => facts.name)
  if (platforms.length === 0) return false
  const due = await takeDueRevocations(deps.database.kysely, { platforms, max: batch, untilMs: takenMs })
  for (const one of due) {
    if (stop?.aborted) return false
    await revoke(deps, one)
  }
  return due.length === batch
}

async function revoke(deps: RevokeDeps, pending: PendingRevocation): Promise<void> {
  const { kysely } = deps.database
  const { id, platform: name, attempts } = pending
  try {
    if (await isConnectedAgain(deps, pending)) return await deleteRevocation(kysely, id)
    const account = { id: pending.accountId, userId: pending.userId, platform: name }
    const token = deps.seal.unseal(pending.token, toTokenContext(account, pending.column))
    await deps.platforms.find(name)?.revoke(Buffer.from(token).toString())
    await deleteRevocation(kysely, id)
  } catch (error) {
    const isRefused = error instanceof PlatformError && error.fault === 'REFUSED'
    const { times } = deps.settings.platforms
    if (isRefused || attempts + 1 >= times.revocationTries) {
      if (!isRefused)
        deps.log.warn(
          { platform: name, accountId: pending.accountId, attempts, cause: toLogCause(error) },
          'a grant could not be revoked at its platform',
        )
      await deleteRevocation(kysely, id)
    } else {
      await postponeRevocation(kysely, id, toPauseMs(times, attempts, deps.random()))
    }
  }
}

/** At Google, Facebook and others revoking an old token ends the whole grant, with the tokens that its person has just given anew. */
async function isConnectedAgain(
  { database }: Pick<Deps, 'database'>,
  { platform, subject }: PendingRevocation,
): Promise<boolean> {
  if (subject === undefined) return false
  return (await findPlatformAccount(database.kysely, platform, subject))?.status === 'ACTIVE'
}
