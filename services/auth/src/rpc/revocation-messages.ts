import type { MessageInitShape } from '@bufbuild/protobuf'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'
import {
  type GetRevocationSnapshotResponseSchema,
  type GetRevocationStatusResponseSchema,
  type PackedRevocationsSchema,
  type RevocationMarkSchema,
  RevocationReason,
  type RevocationSchema,
  RevocationType,
  type SessionSchema,
  type WatchRevocationsResponseSchema,
} from '@immersiverse/auth-contract'
import type { Revocation, RevocationMark } from '../domain/revocation.ts'
import type { LiveSession } from '../domain/session.ts'
import type { SnapshotItem } from '../use-cases/get-revocation-snapshot.ts'
import type { RevocationStatus } from '../use-cases/get-revocation-status.ts'

/** What {@link toWatchRevocationsResponse} takes: an entry, or the word that all before `asOf` were sent. */
export type WatchedRevocation =
  | { readonly revocation: Revocation; readonly heartbeat?: never }
  | {
      readonly heartbeat: {
        readonly epoch: string
        readonly term: number
        readonly rseqHi: number
        readonly asOf: Date
        readonly intervalMs: number
      }
      readonly revocation?: never
    }

/** An entry as the contract's message. */
export function toRevocationMessage(entry: Revocation): MessageInitShape<typeof RevocationSchema> {
  return {
    epoch: entry.epoch,
    rseq: BigInt(entry.rseq ?? 0),
    type: RevocationType[entry.type],
    subject: entry.subject,
    minTv: BigInt(entry.type === 'USER' ? entry.minTokenVersion : 0),
    ...(entry.type === 'ISSUER' ? { until: timestampFromDate(entry.until) } : {}),
    reason: RevocationReason[entry.reason],
    committedAt: timestampFromDate(entry.committedAt),
    ...(entry.expiresAt ? { expiresAt: timestampFromDate(entry.expiresAt) } : {}),
    eventId: entry.eventId,
  }
}

/** What a call has revoked, as the contract's message. */
export function toRevocationMarkMessage({
  epoch,
  entries,
}: RevocationMark): MessageInitShape<typeof RevocationMarkSchema> {
  return { epoch, entries: entries.map(toRevocationMessage) }
}

/** An item of the watch as the contract's message. */
export function toWatchRevocationsResponse({
  revocation,
  heartbeat,
}: WatchedRevocation): MessageInitShape<typeof WatchRevocationsResponseSchema> {
  if (revocation) return { item: { case: 'revocation', value: toRevocationMessage(revocation) } }
  const { term, rseqHi, asOf, ...rest } = heartbeat
  const value = { ...rest, term: BigInt(term), rseqHi: BigInt(rseqHi), asOf: timestampFromDate(asOf) }
  return { item: { case: 'heartbeat', value } }
}

/** An item of the snapshot as the contract's message. */
export function toSnapshotResponse({
  entries,
  packed,
  end,
}: SnapshotItem): MessageInitShape<typeof GetRevocationSnapshotResponseSchema> {
  if (entries) return { item: { case: 'chunk', value: { entries: entries.map(toRevocationMessage) } } }
  if (packed) return { item: { case: 'chunk', value: { packed: packed.map(toPackedMessage) } } }
  const { epoch, rseq, asOf } = end
  return { item: { case: 'end', value: { epoch, rseq: BigInt(rseq), asOf: timestampFromDate(asOf) } } }
}

type PackedEntries = NonNullable<SnapshotItem['packed']>[number]

function toPackedMessage(pack: PackedEntries): MessageInitShape<typeof PackedRevocationsSchema> {
  return {
    type: RevocationType[pack.type],
    subjects: pack.subjects as Uint8Array<ArrayBuffer>,
    expiresSeconds: [...pack.expiresSeconds],
    minTvs: pack.minTokenVersions.map(BigInt),
  }
}

/** How far revocations have got, as the contract's message. */
export function toStatusResponse(
  status: RevocationStatus,
): MessageInitShape<typeof GetRevocationStatusResponseSchema> {
  return {
    epoch: status.epoch,
    rseqHi: BigInt(status.rseqHi),
    ...(status.asOf ? { asOf: timestampFromDate(status.asOf) } : {}),
    databaseTime: timestampFromDate(status.databaseTime),
  }
}

/** A live session as the contract's message. */
export function toSessionMessage(session: LiveSession): MessageInitShape<typeof SessionSchema> {
  return {
    sessionId: session.id,
    clientId: session.clientId,
    deviceName: session.deviceName,
    createdAt: timestampFromDate(session.createdAt),
    lastUsedAt: timestampFromDate(session.lastUsedAt),
    lastIp: session.lastIp,
    lastUserAgent: session.lastUserAgent,
    expiresAt: timestampFromDate(session.expiresAt),
  }
}
