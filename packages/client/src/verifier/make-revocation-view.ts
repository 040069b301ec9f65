import { makeSubjectTable, type SubjectTable } from './make-subject-table.ts'
import type { RevocationEntry } from './revocation.ts'
import { type TokenSubjects, toSubjectKey } from './to-token-subjects.ts'
import { neverSeconds } from './uuid-table.ts'

/** Limits of a view. */
export interface RevocationViewOptions {
  /** Entries with UUIDs as subjects; default 1,500,000, which take less than 100 MB. */
  readonly maxEntries?: number
  /** Entries with other subjects, keys and issuers included; default 100,000. */
  readonly maxTextEntries?: number
  /** How long past their expiry entries are kept, for clocks that differ; default 30. */
  readonly skewSeconds?: number
}

/** The set R of revocations. It only grows, until what an entry covers has expired. */
export interface RevocationView {
  /** Adds an entry; false where a limit forbids it. Then R lacks something, and nothing may be accepted by it. */
  add(entry: RevocationEntry): boolean
  /** Whether any level revokes the token: the OR of all five. */
  isRevoked(subjects: TokenSubjects): boolean
  /** Says what time it is by the database's clock, at the least; entries that expired `skewSeconds` before may go. */
  expire(databaseSeconds: number): void
  /** Tokens that expired before this second may have lost their entries: they count as expired, whatever a clock says. */
  readonly horizonSeconds: number
  /** Changes with every change of R that can turn a verdict. */
  readonly version: number
  readonly entries: number
  /** Of the tables for UUIDs, where nearly all entries are. */
  readonly bytes: number
}

/** Makes an empty view. In any order and with any repetition the same entries make the same R (R4). */
export function makeRevocationView(options: RevocationViewOptions = {}): RevocationView {
  const { maxEntries = 1_500_000, maxTextEntries = 100_000, skewSeconds = 30 } = options
  const levels = {
    token: makeSubjectTable({ hasValues: false }),
    session: makeSubjectTable({ hasValues: false }),
    user: makeSubjectTable({ hasValues: true }),
    key: makeSubjectTable({ hasValues: false }),
    issuer: makeSubjectTable({ hasValues: true }),
  } satisfies Record<RevocationEntry['type'], SubjectTable>
  const tables: readonly SubjectTable[] = Object.values(levels)
  let version = 0
  let horizonSeconds = 0
  let sweptSeconds = 0

  const sum = (count: (table: SubjectTable) => number) => tables.reduce((all, table) => all + count(table), 0)
  const isFull = (isText: boolean) =>
    isText ? sum((table) => table.texts) >= maxTextEntries : sum((table) => table.uuids) >= maxEntries

  /** Before a limit is given as the reason, everything that may go must have gone: one whole sweep for each horizon. */
  function hasRoom(isText: boolean): boolean {
    if (!isFull(isText)) return true
    if (sweptSeconds === horizonSeconds) return false
    sweptSeconds = horizonSeconds
    for (const table of tables) table.sweep(horizonSeconds, true)
    return !isFull(isText)
  }

  return {
    add(entry) {
      const expires = toExpiry(entry)
      if (expires < horizonSeconds) return true
      const key = toSubjectKey(entry.subject)
      const table = levels[entry.type]
      if (table.find(key) === undefined && !hasRoom(typeof key === 'string')) return false
      if (table.raise(key, expires, toValue(entry))) version++
      return true
    },
    isRevoked({ token, session, user, tokenVersion, keyId, issuer, issuedSeconds }) {
      if (levels.token.find(token) !== undefined || levels.session.find(session) !== undefined) return true
      const minTv = levels.user.find(user)
      if (minTv !== undefined && tokenVersion < minTv) return true
      if (levels.key.texts + levels.key.uuids > 0 && levels.key.find(toSubjectKey(keyId)) !== undefined)
        return true
      if (levels.issuer.texts + levels.issuer.uuids === 0) return false
      const until = levels.issuer.find(toSubjectKey(issuer))
      return until !== undefined && issuedSeconds <= until
    },
    expire(databaseSeconds) {
      horizonSeconds = Math.max(horizonSeconds, Math.floor(databaseSeconds - skewSeconds))
      for (const table of tables) table.sweep(horizonSeconds, false)
    },
    get horizonSeconds() {
      return horizonSeconds
    },
    get version() {
      return version
    },
    get entries() {
      return sum((table) => table.uuids + table.texts)
    },
    get bytes() {
      return sum((table) => table.bytes)
    },
  }
}

/** The whole second by which the entry may go, rounded up; never for keys, issuers and entries without one. */
function toExpiry(entry: RevocationEntry): number {
  if (entry.type === 'key' || entry.type === 'issuer' || entry.expiresAt === undefined) return neverSeconds
  return Math.min(Math.max(1, Math.ceil(entry.expiresAt.getTime() / 1000)), neverSeconds)
}

function toValue(entry: RevocationEntry): number {
  if (entry.type === 'user') return entry.minTv
  return entry.type === 'issuer' ? entry.until : 0
}
