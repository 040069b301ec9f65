import { timestampDate } from '@bufbuild/protobuf/wkt'
import {
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
