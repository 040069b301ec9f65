import type { Deps } from '../deps.ts'
import { getDatabaseTime, lookAtRevocations } from '../store/revocations.ts'

/** How far revocations have got. */
export interface RevocationStatus {
  readonly epoch: string
  readonly rseqHi: number
  /** All that was acknowledged before has a number of at most `rseqHi`; undefined while something waits for its number. */
  readonly asOf: Date | undefined
  /** The primary's clock, read last. */
  readonly databaseTime: Date
}

/**
 * How far revocations have got, and the clock of the primary.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function getRevocationStatus({
  database: { kysely },
}: Pick<Deps, 'database'>): Promise<RevocationStatus> {
  const before = await getDatabaseTime(kysely)
  const { epoch, rseqHi, isWaiting, databaseTime } = await lookAtRevocations(kysely, undefined, 0)
  return { epoch, rseqHi, asOf: isWaiting ? undefined : before, databaseTime }
}
