import type { AuthService } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import { getRevocationSnapshot } from '../use-cases/get-revocation-snapshot.ts'
import {
  toSnapshotResponse,
  toWatchRevocationsResponse,
  type WatchedRevocation,
} from './revocation-messages.ts'
import type { ServerStream } from './server-stream-call.ts'

type Methods = (typeof AuthService)['method']

/** Follows revocations until the signal aborts. Throws AuthError REVOCATIONS_NOT_KEPT, INVALID_FIELD, DATABASE_UNAVAILABLE. */
export type WatchRevocations = (
  request: { readonly epoch: string; readonly afterRseq: number },
  signal: AbortSignal,
) => AsyncIterable<WatchedRevocation>

/** What a snapshot, which may be a million entries, takes from its caller's limit: as many calls. */
export const snapshotCost = 100

/** GetRevocationSnapshot as grpc-js is to serve it. */
export function makeSnapshotStream(
  deps: Pick<Deps, 'database'>,
): ServerStream<Methods['getRevocationSnapshot']> {
  return async function* getSnapshot({ packed }, signal) {
    for await (const item of getRevocationSnapshot(deps, { packed }, signal)) yield toSnapshotResponse(item)
  }
}

/** WatchRevocations as grpc-js is to serve it. */
export function makeWatchStream(watch: WatchRevocations): ServerStream<Methods['watchRevocations']> {
  return async function* watchRevocations({ epoch, afterRseq }, signal) {
    const items = watch({ epoch, afterRseq: Number(afterRseq) }, signal)
    for await (const item of items) yield toWatchRevocationsResponse(item)
  }
}
