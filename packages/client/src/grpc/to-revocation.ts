import { timestampDate } from '@bufbuild/protobuf/wkt'
import {
  type PackedRevocations,
  type RevocationHeartbeat,
  type RevocationMark as RevocationMarkMessage,
  type Revocation as RevocationMessage,
  RevocationReason,
  RevocationType,
} from '@immersiverse/auth-contract'
import {
  type Heartbeat,
  type Revocation,
  RevocationDoubt,
  type RevocationEntry,
  type RevocationMark,
} from '../verifier/revocation.ts'

/** An entry as the view judges it. Throws RevocationDoubt UNREADABLE_RECORD for one of a type this client does not know. */
export function toRevocationEntry(message: RevocationMessage): RevocationEntry {
  const { subject } = message
  const expiresAt = message.expiresAt && timestampDate(message.expiresAt)
  if (subject === '') throw unreadable('without a subject')
  switch (message.type) {
    case RevocationType.TOKEN:
      return { type: 'token', subject, expiresAt }
    case RevocationType.SESSION:
      return { type: 'session', subject, expiresAt }
    case RevocationType.USER:
      return { type: 'user', subject, minTv: Number(message.minTv), expiresAt }
    case RevocationType.KEY:
      return { type: 'key', subject }
    case RevocationType.ISSUER:
      if (message.until === undefined) throw unreadable('of an issuer, without an end')
      return { type: 'issuer', subject, until: Number(message.until.seconds) }
    default:
      throw unreadable(`of type ${message.type}`)
  }
}

/** The entries of a pack. Throws RevocationDoubt as {@link toRevocationEntry}. */
export function toPackedEntries(pack: PackedRevocations): RevocationEntry[] {
  const { subjects, expiresSeconds, minTvs } = pack
  const count = expiresSeconds.length
  const isUser = pack.type === RevocationType.USER
  if (subjects.length !== 16 * count || minTvs.length !== (isUser ? count : 0)) {
    throw unreadable('in a pack of another length')
  }
  const type = pack.type === RevocationType.TOKEN ? 'token' : 'session'
  if (!isUser && type === 'session' && pack.type !== RevocationType.SESSION) {
    throw unreadable(`of type ${pack.type} in a pack`)
  }
  const hex = Buffer.from(subjects.buffer, subjects.byteOffset, subjects.length).toString('hex')
  return expiresSeconds.map((seconds, n) => {
    const subject = toUuid(hex, 32 * n)
    const expiresAt = new Date(seconds * 1000)
    return isUser
      ? { type: 'user', subject, minTv: Number(minTvs[n]), expiresAt }
      : { type, subject, expiresAt }
  })
}

function toUuid(hex: string, from: number): string {
  const part = (start: number, end: number) => hex.slice(from + start, from + end)
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`
}

/** A record of the log. Throws RevocationDoubt as {@link toRevocationEntry}. */
export function toRevocation(message: RevocationMessage): Revocation {
  return {
    ...toRevocationEntry(message),
    kind: 'revocation',
    epoch: message.epoch,
    rseq: Number(message.rseq),
    reason: RevocationReason[message.reason] ?? 'UNSPECIFIED',
    committedAt: message.committedAt ? timestampDate(message.committedAt) : new Date(Number.NaN),
    eventId: message.eventId,
  }
}

/** The word up to when the log is complete. Throws RevocationDoubt UNREADABLE_RECORD for one without a time. */
export function toHeartbeat({ epoch, term, rseqHi, asOf, intervalMs }: RevocationHeartbeat): Heartbeat {
  if (asOf === undefined) throw new RevocationDoubt('UNREADABLE_RECORD', 'a heartbeat without a time')
  return {
    kind: 'heartbeat',
    epoch,
    term: Number(term),
    rseqHi: Number(rseqHi),
    asOf: timestampDate(asOf),
    intervalMs,
  }
}

/** What a revoking call returned, for `atLeast`. Throws RevocationDoubt as {@link toRevocationEntry}. */
export function toRevocationMark({ epoch, entries }: RevocationMarkMessage): RevocationMark {
  return { epoch, entries: entries.map(toRevocationEntry) }
}

function unreadable(what: string): RevocationDoubt {
  return new RevocationDoubt('UNREADABLE_RECORD', `a revocation ${what}`)
}
