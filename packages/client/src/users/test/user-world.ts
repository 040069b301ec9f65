import { UserStatus } from '@immersiverse/auth-contract'
import { RpcError } from '../../grpc/index.ts'
import {
  openRevocationFollower,
  RevocationDoubt,
  type RevocationFollower,
  type RevocationSource,
} from '../../verifier/index.ts'
import { makeRandom, startMs, VirtualClock, VirtualTime } from '../../verifier/test/virtual-time.ts'
import type { CachedUser } from '../cached-user.ts'
import { type CachedUsersParts, type OpenedUsers, openCachedUsers } from '../open-cached-users.ts'
import type { UserChanges, UserStateSource } from '../user-state-source.ts'

/** S, and what the promise adds to it. */
export const [staleMs, slackMs] = [3_000, 100]
/** How long entries of revocations are kept: short, so that cuts outlast them. */
const keptMs = 4_000
const epoch = 'e'

interface State {
  readonly atMs: number
  /** Undefined: deleted. */
  readonly user: CachedUser | undefined
}

interface LogEntry {
  readonly subject: string
  readonly rseq: number
  readonly atMs: number
}

/** An answer that breaks R13. */
export interface Violation {
  readonly userId: string
  readonly askedMs: number
  readonly answeredMs: number
}

/** A database with users, the streams that tell of it, all of which break and are late, and a cache that is asked all the time. */
export class UserWorld {
  readonly time = new VirtualTime()
  readonly clock = new VirtualClock(this.time)
  readonly random: () => number
  readonly violations: Violation[] = []
  /** Who was answered with something older than was asked for. */
  readonly tooOld: Violation[] = []
  readonly users: OpenedUsers
  readonly revocations: RevocationFollower
  /** What is cut off at the moment. */
  readonly cut = { revocations: false, events: false, calls: false }
  answered = 0
  readonly #history = new Map<string, State[]>()
  readonly #log: LogEntry[] = []
  #changes: UserChanges | undefined

  constructor(seed: number, change: (parts: CachedUsersParts) => Partial<CachedUsersParts> = () => ({})) {
    this.random = makeRandom(seed)
    const { clock, random } = this
    const logger = { warn: () => undefined, error: () => undefined }
    this.revocations = openRevocationFollower({
      source: this.#makeRevocationSource(),
      clock,
      maxStalenessMs: staleMs,
      random,
      onEntry: (entry) => this.users.hear(entry),
      onBegin: (of) => this.users.begin(of),
    })
    const parts: CachedUsersParts = {
      source: this.#makeUserSource(),
      client: this.#makeClient(),
      freshness: this.revocations,
      clock,
      logger,
      random,
    }
    this.users = openCachedUsers({ ...parts, ...change(parts) })
  }

  /** Lets so many users live through everything at random for a while, asked for all the time. */
  async live(userIds: readonly string[], forMs: number): Promise<void> {
    for (const userId of userIds) {
      this.write(userId, UserStatus.ACTIVE)
      for (let atMs = 0; atMs < forMs; atMs += this.#nextWaitMs()) this.time.at(atMs, () => this.ask(userId))
      for (let n = 0; n < 6; n++) this.time.at(this.random() * forMs, () => this.#changeSomehow(userId))
    }
    for (const part of ['revocations', 'events', 'calls'] as const) {
      for (let n = 0; n < 2; n++) {
        const fromMs = this.random() * forMs
        this.time.at(fromMs, () => {
          this.cut[part] = true
        })
        this.time.at(fromMs + this.random() * 9_000, () => {
          this.cut[part] = false
        })
      }
    }
    await this.time.run(forMs)
  }

  async close(): Promise<void> {
    const closing = Promise.all([this.users.close(), this.revocations.close()])
    await this.time.run(this.time.nowMs + 20_000)
    await closing
  }

  /** Commits a change; undefined deletes. Suspending and deleting revoke. */
  write(userId: string, status: UserStatus | undefined): void {
    const states = this.#history.get(userId) ?? []
    const before = states.at(-1)
    if (before !== undefined && before.user === undefined) return
    const version = (before?.user?.version ?? 0n) + 1n
    const atMs = this.time.nowMs
    const user = status === undefined ? undefined : makeUser(userId, version, status)
    this.#history.set(userId, [...states, { atMs, user }])
    if (status !== UserStatus.ACTIVE) this.#log.push({ subject: userId, rseq: this.#log.length + 1, atMs })
    for (let n = Math.floor(this.random() * 3); n > 0; n--) this.#tell(userId, user)
  }

  ask(userId: string): void {
    const askedMs = this.time.nowMs
    const minVersion = this.random() < 0.2 ? (this.#now(userId)?.version ?? 0n) : 0n
    void this.users.find(userId, { minVersion }).then(
      (user) => {
        this.answered++
        const answer = { userId, askedMs, answeredMs: this.time.nowMs }
        if (user?.status === UserStatus.ACTIVE && !this.#wasActive(answer)) this.violations.push(answer)
        if (user !== undefined && user.version < minVersion) this.tooOld.push(answer)
      },
      () => undefined,
    )
  }

  /** Nobody asks about a user all the time: what was missed meanwhile must not be served afterwards. */
  #nextWaitMs(): number {
    return this.random() < 0.03 ? this.random() * 12_000 : 10 + this.random() * 300
  }

  #changeSomehow(userId: string): void {
    const kind = this.random()
    if (kind < 0.2) this.write(userId, undefined)
    else this.write(userId, kind < 0.6 ? UserStatus.SUSPENDED : UserStatus.ACTIVE)
  }

  #now(userId: string): CachedUser | undefined {
    return this.#history.get(userId)?.at(-1)?.user
  }

  /** Whether the user was active at any moment that an answer may speak of. */
  #wasActive({ userId, askedMs, answeredMs }: Violation): boolean {
    const states = this.#history.get(userId) ?? []
    return states.some(({ atMs, user }, n) => {
      const endMs = states[n + 1]?.atMs ?? Number.POSITIVE_INFINITY
      return user?.status === UserStatus.ACTIVE && atMs <= answeredMs && endMs > askedMs - staleMs - slackMs
    })
  }

  /** An event: late by up to 8 s, in any order; a stream that is cut loses it. */
  #tell(userId: string, user: CachedUser | undefined): void {
    this.time.after(this.random() ** 3 * 8_000, () => {
      if (user === undefined) this.#changes?.takeDeleted(userId, epoch)
      else this.#changes?.takeChange(user, epoch)
    })
  }

  async #answer<T>(read: () => T): Promise<T> {
    await this.time.sleep(this.random() * 40)
    if (this.cut.calls) throw new RpcError('UNAVAILABLE', undefined, 'cut')
    const answer = read()
    // Most answers are quick; some are on their way for longer than S.
    await this.time.sleep(this.random() < 0.15 ? this.random() * 4_500 : this.random() * 40)
    return answer
  }

  #makeClient(): CachedUsersParts['client'] {
    return {
      getUser: async ({ by }) => {
        const user = await this.#answer(() => this.#now(String(by?.value)))
        if (user === undefined) throw new RpcError('NOT_FOUND', 'USER_NOT_FOUND', 'nobody')
        return { user } as never
      },
      batchGetUsers: () => Promise.reject(new Error('not asked here')),
    }
  }

  #makeUserSource(): UserStateSource {
    const world = this
    return {
      silenceMs: undefined,
      async *list() {
        for (const userId of [...world.#history.keys()]) {
          yield await world.#answer(() => [world.#now(userId) ?? []].flat())
        }
      },
      async follow(changes, signal) {
        world.#changes = changes
        while (!signal.aborted && !world.cut.events) await world.time.sleep(50, signal)
        world.#changes = undefined
        if (world.cut.events) throw new Error('cut')
      },
    }
  }

  #makeRevocationSource(): RevocationSource {
    const world = this
    const { time } = world
    const now = () => new Date(startMs + time.nowMs)
    const check = () => {
      if (world.cut.revocations) throw new Error('cut')
    }
    const entry = (subject: string) => ({ type: 'user' as const, subject, minTv: 1 })
    return {
      async *watch({ afterRseq }, signal) {
        let rseq = afterRseq
        for (let turn = 0; !signal.aborted; turn++) {
          check()
          const upTo = world.#log.length
          const asOf = now()
          await time.sleep(world.random() * 60, signal)
          for (; rseq < upTo; rseq++) {
            const { subject, atMs } = world.#log[rseq] as LogEntry
            if (atMs < time.nowMs - keptMs) throw new RevocationDoubt('OUT_OF_RANGE', 'expired')
            const facts = { epoch, reason: '', committedAt: new Date(startMs + atMs), eventId: '' }
            yield { ...entry(subject), ...facts, kind: 'revocation', rseq: rseq + 1 }
          }
          if (turn % 5 === 0) yield { kind: 'heartbeat', epoch, term: 1, rseqHi: upTo, asOf, intervalMs: 500 }
          await time.sleep(100, signal)
        }
      },
      async *snapshot(signal) {
        check()
        const rseq = world.#log.length
        const kept = world.#log.filter(({ atMs }) => atMs >= time.nowMs - keptMs)
        await time.sleep(world.random() * 200, signal)
        yield { kind: 'entries', entries: kept.map(({ subject }) => entry(subject)) }
        yield { kind: 'end', epoch, rseq }
      },
      async status() {
        check()
        await time.sleep(5)
        return { epoch, rseqHi: world.#log.length, databaseTime: now() }
      },
    }
  }
}

function makeUser(id: string, version: bigint, status: UserStatus): CachedUser {
  return { id, username: id, displayName: id, status, roles: [], subscriptionTier: '', version }
}
