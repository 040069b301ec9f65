import { makeSubjectTable, type SubjectTable } from './make-subject-table.ts'
import type { RevocationEntry } from './revocation.ts'
import { type TokenSubjects, toSubjectKey } from './to-token-subjects.ts'
import { neverSeconds } from './uuid-segment.ts'

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
  /** Tokens that expire by this second may have lost their entries: whatever a clock says later, R says nothing of them. */
  readonly horizonSeconds: number
  /** Changes with every change of R that can turn a verdict. */
  readonly version: number
  readonly entries: number
  /** Of the tables for UUIDs, where nearly all entries are. */
  readonly bytes: number
}

/** Makes an empty view. In any order and with any repetition the same entries make the same R (R4). */
export function makeRevocationView(options: RevocationViewOptions = {}): RevocationView {
  return new View(options)
}

class View implements RevocationView {
  readonly #limits
  readonly #levels = {
    token: makeSubjectTable({ hasValues: false }),
    session: makeSubjectTable({ hasValues: false }),
    user: makeSubjectTable({ hasValues: true }),
    key: makeSubjectTable({ hasValues: false }),
    issuer: makeSubjectTable({ hasValues: true }),
  } satisfies Record<RevocationEntry['type'], SubjectTable>
  readonly #tables: readonly SubjectTable[] = Object.values(this.#levels)
  #sweptSeconds = 0
  version = 0
  horizonSeconds = 0

  constructor({ maxEntries = 1_500_000, maxTextEntries = 100_000, skewSeconds = 30 }: RevocationViewOptions) {
    this.#limits = { maxEntries, maxTextEntries, skewSeconds }
  }

  get entries(): number {
    return this.#sum((table) => table.uuids + table.texts)
  }

  get bytes(): number {
    return this.#sum((table) => table.bytes)
  }

  add(entry: RevocationEntry): boolean {
    const expires = toExpiry(entry)
    if (expires < this.horizonSeconds) return true
    const key = toSubjectKey(entry.subject)
    const table = this.#levels[entry.type]
    if (table.find(key) === undefined && !this.#hasRoom(typeof key === 'string')) return false
    if (table.raise(key, expires, toValue(entry))) this.version++
    return true
  }

  isRevoked(subjects: TokenSubjects): boolean {
    const { token, session, user, key, issuer } = this.#levels
    if (token.find(subjects.token) !== undefined || session.find(subjects.session) !== undefined) return true
    const minTv = user.find(subjects.user)
    if (minTv !== undefined && subjects.tokenVersion < minTv) return true
    if (key.texts + key.uuids > 0 && key.find(toSubjectKey(subjects.keyId)) !== undefined) return true
    if (issuer.texts + issuer.uuids === 0) return false
    const until = issuer.find(toSubjectKey(subjects.issuer))
    return until !== undefined && subjects.issuedSeconds <= until
  }

  expire(databaseSeconds: number): void {
    this.horizonSeconds = Math.max(
      this.horizonSeconds,
      Math.floor(databaseSeconds - this.#limits.skewSeconds),
    )
    for (const table of this.#tables) table.sweep(this.horizonSeconds, false)
  }

  /** Before a limit is given as the reason, everything that may go must have gone: one whole sweep for each horizon. */
  #hasRoom(isText: boolean): boolean {
    if (!this.#isFull(isText)) return true
    if (this.#sweptSeconds === this.horizonSeconds) return false
    this.#sweptSeconds = this.horizonSeconds
    for (const table of this.#tables) table.sweep(this.horizonSeconds, true)
    return !this.#isFull(isText)
  }

  #isFull(isText: boolean): boolean {
    return isText
      ? this.#sum((table) => table.texts) >= this.#limits.maxTextEntries
      : this.#sum((table) => table.uuids) >= this.#limits.maxEntries
  }

  #sum(count: (table: SubjectTable) => number): number {
    return this.#tables.reduce((all, table) => all + count(table), 0)
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
