import type { Deps } from '../deps.ts'
import type { Revocation } from '../domain/revocation.ts'
import {
  getDatabaseTime,
  listRevocations,
  listWaitingRevocations,
  lookAtRevocations,
} from '../store/revocations.ts'

/** Some entries, or the end: from where to watch, and before when everything was sent. */
export type SnapshotItem =
  | { readonly entries: readonly Revocation[]; readonly end?: never }
  | {
      readonly end: { readonly epoch: string; readonly rseq: number; readonly asOf: Date }
      readonly entries?: never
    }

const readAtOnce = 1000

/**
 * Everything that is revoked now, in chunks, then the end. What has a number never changes, so that the pages up to the last number
 * at the beginning are one snapshot, however slowly they are taken, and no transaction stays open for them. What waits for its number
 * comes too, and again on the stream: so all that was acknowledged before `asOf` is there. What has expired is left out.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function* getRevocationSnapshot(
  { database: { kysely } }: Pick<Deps, 'database'>,
  signal: AbortSignal,
): AsyncGenerator<SnapshotItem, void, undefined> {
  const asOf = await getDatabaseTime(kysely)
  const isLive = ({ expiresAt }: Revocation) => expiresAt === undefined || expiresAt > asOf
  // Before the last number is read: what gets its number in between is then in the pages.
  const waiting = await listWaitingRevocations(kysely)
  for (let at = 0; at < waiting.length; at += readAtOnce)
    yield { entries: waiting.slice(at, at + readAtOnce) }
  const { epoch, rseqHi } = await lookAtRevocations(kysely, undefined, 0)
  for (let after = 0; after < rseqHi && !signal.aborted; ) {
    const page = await listRevocations(kysely, { after, upTo: rseqHi, limit: readAtOnce })
    const entries = page.filter(isLive)
    if (entries.length > 0) yield { entries }
    after = page.at(-1)?.rseq ?? rseqHi
  }
  if (!signal.aborted) yield { end: { epoch, rseq: rseqHi, asOf } }
}
