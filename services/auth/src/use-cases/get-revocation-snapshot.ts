import type { Kysely } from 'kysely'
import type { Deps } from '../deps.ts'
import type { Revocation } from '../domain/revocation.ts'
import { findPackedPage, type PackedRevocations } from '../store/packed-revocations.ts'
import {
  getDatabaseTime,
  listRevocations,
  listWaitingRevocations,
  lookAtRevocations,
} from '../store/revocations.ts'
import type { Schema } from '../store/schema.ts'

/** Some entries, whole or packed, or the end: from where to watch, and before when everything was sent. */
export type SnapshotItem =
  | { readonly entries: readonly Revocation[]; readonly packed?: never; readonly end?: never }
  | { readonly packed: readonly PackedRevocations[]; readonly entries?: never; readonly end?: never }
  | {
      readonly end: { readonly epoch: string; readonly rseq: number; readonly asOf: Date }
      readonly entries?: never
      readonly packed?: never
    }

const readAtOnce = 1000
/** A reader decodes them in one go, while its other work waits. */
const packedAtOnce = 4000

/**
 * Everything that is revoked now, in chunks, then the end. What has a number never changes, so that the pages up to the last number
 * at the beginning are one snapshot, however slowly they are taken, and no transaction stays open for them. What waits for its number
 * comes too, and again on the stream: so all that was acknowledged before `asOf` is there. What has expired may be left out.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function* getRevocationSnapshot(
  { database: { kysely } }: Pick<Deps, 'database'>,
  { packed }: { readonly packed: boolean },
  signal: AbortSignal,
): AsyncGenerator<SnapshotItem, void, undefined> {
  const asOf = await getDatabaseTime(kysely)
  // Before the last number is read: what gets its number in between is then in the pages.
  const waiting = await listWaitingRevocations(kysely)
  for (let at = 0; at < waiting.length; at += readAtOnce)
    yield { entries: waiting.slice(at, at + readAtOnce) }
  const { epoch, rseqHi } = await lookAtRevocations(kysely, undefined, 0)
  const range = { after: 0, upTo: rseqHi }
  yield* packed ? listPacked(kysely, range, asOf, signal) : listWhole(kysely, range, asOf, signal)
  if (!signal.aborted) yield { end: { epoch, rseq: rseqHi, asOf } }
}

interface Range {
  readonly after: number
  readonly upTo: number
}

async function* listPacked(
  kysely: Kysely<Schema>,
  { after: from, upTo }: Range,
  asOf: Date,
  signal: AbortSignal,
): AsyncGenerator<SnapshotItem, void, undefined> {
  for (let after = from; after < upTo && !signal.aborted; ) {
    const page = await findPackedPage(kysely, { after, upTo, limit: packedAtOnce })
    if (page === undefined) return
    if (page.packs) yield { packed: page.packs }
    else yield* listWhole(kysely, { after, upTo: page.last }, asOf, signal)
    after = page.last
  }
}

async function* listWhole(
  kysely: Kysely<Schema>,
  { after: from, upTo }: Range,
  asOf: Date,
  signal: AbortSignal,
): AsyncGenerator<SnapshotItem, void, undefined> {
  const isLive = ({ expiresAt }: Revocation) => expiresAt === undefined || expiresAt > asOf
  for (let after = from; after < upTo && !signal.aborted; ) {
    const page = await listRevocations(kysely, { after, upTo, limit: readAtOnce })
    const entries = page.filter(isLive)
    if (entries.length > 0) yield { entries }
    after = page.at(-1)?.rseq ?? upTo
  }
}
