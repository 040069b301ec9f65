import type { Deps } from '../deps.ts'
import type { Account } from '../domain/user.ts'
import { replacePasswordHash } from '../store/users.ts'

type RehashDeps = Pick<Deps, 'database' | 'passwords' | 'log'>

/**
 * Hashes a password that was just verified anew, where its hash cost less than new ones do. Nothing that others see changes: no version, no
 * event, no revocation. Never rejects: the next login tries again.
 */
export async function rehashPassword(deps: RehashDeps, verified: Account, password: string): Promise<void> {
  if (!deps.passwords.isOutdated(verified.passwordHash)) return
  try {
    const passwordHash = await deps.passwords.hash(password)
    await deps.database.transaction((trx) => replacePasswordHash(trx, verified, passwordHash))
  } catch (error) {
    deps.log.warn(
      { err: error, userId: verified.id },
      'a password keeps its cheaper hash until its next login',
    )
  }
}
