import { AuthError, invalidField } from '../domain/errors.ts'
import type { Revocation } from '../domain/revocation.ts'
import type { Database } from '../store/database.ts'
import { listRevocations } from '../store/revocations.ts'
import {
  beatEveryMs,
  type RevocationBeat,
  type RevocationFollower,
  type RevocationView,
} from './revocation-follower.ts'

/** What {@link makeWatchRevocations} needs. */
export interface WatchRevocationsOptions {
  readonly database: Pick<Database, 'kysely'>
  readonly follower: RevocationFollower
}

/** A revocation, or the word that all before `asOf` were sent. */
export type WatchedRevocation =
  | { readonly revocation: Revocation; readonly heartbeat?: never }
  | {
      readonly heartbeat: RevocationBeat & { readonly epoch: string; readonly intervalMs: number }
      readonly revocation?: never
    }

/**
 * Streams revocations in the order of their numbers, without gaps, from a number of an epoch on, or from now on where no epoch is
 * given; and heartbeats. Reads on as fast as the consumer takes. Ends when `signal` aborts.
 * @throws AuthError REVOCATIONS_NOT_KEPT where it cannot go on from there, INVALID_FIELD, DATABASE_UNAVAILABLE.
 */
export type WatchRevocations = (
  request: { readonly epoch: string; readonly afterRseq: number },
  signal: AbortSignal,
) => AsyncGenerator<WatchedRevocation, void, undefined>

const readAtOnce = 500

/** Makes `WatchRevocations`. */
export function makeWatchRevocations({ database, follower }: WatchRevocationsOptions): WatchRevocations {
  return async function* watchRevocations(request, signal) {
    assertRequest(request)
    let view = await follower.getView(signal)
    if (view === undefined) return
    const epoch = request.epoch || view.epoch
    let rseq = request.epoch ? request.afterRseq : view.rseqHi
    let asOf = new Date(0)
    while (view !== undefined) {
      if (view.epoch !== epoch || rseq > view.rseqHi) throw new AuthError('REVOCATIONS_NOT_KEPT')
      while (rseq < view.rseqHi) {
        for (const revocation of await listAfter(database, view, rseq)) {
          if (signal.aborted) return
          // A number is missing once its entry has expired and was deleted.
          if (revocation.rseq !== rseq + 1 || revocation.epoch !== epoch) {
            throw new AuthError('REVOCATIONS_NOT_KEPT')
          }
          yield { revocation }
          rseq += 1
        }
      }
      if (view.beat && view.beat.asOf > asOf) {
        yield { heartbeat: { epoch, ...view.beat, intervalMs: beatEveryMs } }
        asOf = view.beat.asOf
      }
      view = await follower.waitBeyond(epoch, { rseq, asOf }, signal)
    }
  }
}

function assertRequest({ epoch, afterRseq }: { readonly epoch: string; readonly afterRseq: number }): void {
  if (!Number.isSafeInteger(afterRseq) || afterRseq < 0) {
    throw invalidField('after_rseq', 'must be a number that a revocation, a heartbeat or a snapshot had')
  }
  if (epoch === '' && afterRseq !== 0) throw invalidField('epoch', 'is needed with after_rseq')
}

async function listAfter(
  { kysely }: Pick<Database, 'kysely'>,
  view: RevocationView,
  rseq: number,
): Promise<readonly Revocation[]> {
  const remembered = view.findAfter(rseq)
  if (remembered && remembered.length > 0) return remembered
  const entries = await listRevocations(kysely, { after: rseq, upTo: view.rseqHi, limit: readAtOnce })
  if (entries.length === 0) throw new AuthError('REVOCATIONS_NOT_KEPT')
  return entries
}
