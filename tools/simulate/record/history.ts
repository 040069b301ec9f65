import { beginningMs, type VirtualTime } from '../time/virtual-time.ts'
import { getClaims } from '../world/fast-tokens.ts'
import type {
  AccessTokenRecord,
  Operation,
  OperationKind,
  RefreshTokenRecord,
  SessionRecord,
  UserRecord,
  Violation,
} from './records.ts'

/** What a call begins with. */
export type NewOperation = Pick<Operation, 'kind' | 'userId' | 'process'> &
  Partial<Pick<Operation, 'sessionId' | 'password' | 'newPassword' | 'presented' | 'client' | 'keep'>>

/** How long a session lives unused, and in all. */
interface RefreshLives {
  readonly refreshIdleMs: number
  readonly refreshMaxMs: number
}

/** A new epoch: everything that was issued before is revoked by it. */
export interface EpochRecord {
  /** When the standby took over. */
  readonly promotedMs: number
  readonly lostCommits: number
  /** When a leader had settled it; undefined until then. */
  settledMs: number | undefined
}

/** What a tally of a run counts, to show that it did something. */
export interface Counts {
  accepts: number
  localAccepts: number
  refusals: number
  unavailable: number
  validations: number
}

const traceMax = 400

/** All that has happened in a world, on its one clock, with what follows from it for tokens, sessions and users. */
export class History {
  readonly time: VirtualTime
  readonly users: UserRecord[] = []
  readonly sessions = new Map<string, SessionRecord>()
  readonly tokens: AccessTokenRecord[] = []
  readonly tokenByText = new Map<string, AccessTokenRecord>()
  /** Those that have been revoked, in that order. */
  readonly revoked: AccessTokenRecord[] = []
  /** Keys that somebody has asked to revoke, and those of which that was acknowledged. */
  readonly keyRevocations = new Set<string>()
  readonly revokedKeys = new Set<string>()
  readonly operations: Operation[] = []
  readonly epochs: EpochRecord[] = []
  readonly violations: Violation[] = []
  readonly counts: Counts = { accepts: 0, localAccepts: 0, refusals: 0, unavailable: 0, validations: 0 }
  readonly trace: string[] = []
  isTracing = false
  readonly beginningMs = beginningMs
  /** How far the database's clock has been ahead of the world's at most. */
  databaseAheadMs = 0

  constructor(time: VirtualTime) {
    this.time = time
  }

  /** Notes that something must not be. */
  violate(property: string, text: string): void {
    this.violations.push({ property, text, atMs: this.time.nowMs })
    this.note(() => `VIOLATION ${property}: ${text}`)
  }

  /** Notes an event for a reader of the trace. */
  note(text: () => string): void {
    if (!this.isTracing) return
    this.trace.push(`${this.time.nowMs.toFixed(1).padStart(9)} ms  ${text()}`)
    if (this.trace.length > traceMax) this.trace.shift()
  }

  addUser(id: string, username: string): UserRecord {
    const user: UserRecord = {
      id,
      username,
      sessions: [],
      operations: [],
      password: 0,
      endedPasswords: new Map(),
      minTv: 0,
      suspendedMs: undefined,
      deletedMs: undefined,
    }
    this.users.push(user)
    return user
  }

  getUser(id: string): UserRecord {
    const user = this.users.find((one) => one.id === id)
    if (user === undefined) throw new Error(`no user ${id}`)
    return user
  }

  begin(facts: NewOperation): Operation {
    const operation: Operation = {
      id: this.operations.length + 1,
      kind: facts.kind,
      userId: facts.userId,
      process: facts.process,
      startMs: this.time.nowMs,
      endMs: Number.POSITIVE_INFINITY,
      outcome: 'UNKNOWN',
      sessionId: facts.sessionId,
      password: facts.password,
      newPassword: facts.newPassword,
      presented: facts.presented,
      client: facts.client,
      keep: facts.keep,
      given: undefined,
      minTv: undefined,
    }
    this.operations.push(operation)
    const user = this.getUser(facts.userId)
    user.operations.push(operation)
    if (operation.sessionId !== undefined) this.sessions.get(operation.sessionId)?.operations.push(operation)
    if (facts.kind === 'activate') user.suspendedMs = undefined
    this.note(() => `#${operation.id} ${describe(operation)} begins in ${operation.process}`)
    return operation
  }

  end(operation: Operation, outcome: Operation['outcome'], reason = ''): void {
    operation.outcome = outcome
    if (outcome !== 'UNKNOWN') operation.endMs = this.time.nowMs
    this.note(() => `#${operation.id} ${describe(operation)}: ${outcome} ${reason}`)
  }

  /** Remembers the tokens that a login or a refresh has answered. */
  addTokens(
    operation: Operation,
    accessToken: string,
    given: RefreshTokenRecord,
    lives: RefreshLives,
  ): { readonly token: AccessTokenRecord; readonly session: SessionRecord } {
    operation.given = given
    const session = this.sessions.get(given.sessionId) ?? this.#addSession(operation, given, lives)
    // A repeated answer moves no window (T6).
    if (!session.generations.has(given.generation)) {
      session.idleEndMs = Math.max(session.idleEndMs, operation.startMs + lives.refreshIdleMs)
    }
    const claims = getClaims(accessToken)
    const keyId = accessToken.slice(0, accessToken.indexOf('.'))
    const token: AccessTokenRecord = {
      text: accessToken,
      claims,
      keyId,
      by: operation,
      revokedMs: undefined,
      revokedBy: undefined,
    }
    session.tokens.push(token)
    this.tokens.push(token)
    this.tokenByText.set(accessToken, token)
    return { token, session }
  }

  /** From now on the token must be refused. */
  revoke(token: AccessTokenRecord, by: string): void {
    if (token.revokedMs !== undefined) return
    token.revokedMs = this.time.nowMs
    token.revokedBy = by
    this.revoked.push(token)
  }

  /** From now on all that the key has signed or will sign must be refused. */
  revokeKey(keyId: string): void {
    this.revokedKeys.add(keyId)
    for (const token of this.tokens)
      if (token.keyId === keyId) this.revoke(token, `the revocation of ${keyId}`)
  }

  #addSession(
    openedBy: Operation,
    latest: RefreshTokenRecord,
    { refreshMaxMs }: RefreshLives,
  ): SessionRecord {
    const user = this.getUser(openedBy.userId)
    const session: SessionRecord = {
      id: latest.sessionId,
      userId: user.id,
      openedBy,
      tokens: [],
      generations: new Map(),
      idleEndMs: 0,
      absoluteEndMs: [openedBy.startMs + refreshMaxMs, this.time.nowMs + refreshMaxMs],
      operations: [openedBy],
      endedMs: undefined,
      latest,
    }
    openedBy.sessionId = session.id
    this.sessions.set(session.id, session)
    user.sessions.push(session)
    return session
  }
}

const kinds: Readonly<Partial<Record<OperationKind, string>>> = Object.freeze({
  login: 'logs in',
  refresh: 'refreshes',
})

/** A call in one phrase. */
function describe(operation: Operation): string {
  const { kind, presented, sessionId, userId } = operation
  const what = kinds[kind] ?? kind
  const generation = presented === undefined ? '' : ` generation ${presented.generation}`
  const session = sessionId === undefined ? '' : ` session ${sessionId.slice(-4)}`
  return `user ${userId.slice(-4)} ${what}${session}${generation}`
}
