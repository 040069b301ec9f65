import { RpcError } from '../grpc/index.ts'
import type { Logger } from '../logger.ts'
import type { Clock, RevocationEntry, RevocationState } from '../verifier/index.ts'
import { makeJoinedCalls } from '../verifier/make-joined-calls.ts'
import type { CachedUser } from './cached-user.ts'
import {
  type GetUserOptions,
  toBatches,
  toUndefinedIfMissing,
  type UserCalls,
  type Users,
} from './make-users.ts'
import { openUserFeed, type UserFeed } from './open-user-feed.ts'
import type { UserCacheCounts, UserCacheOptions, UserCacheStatus } from './user-cache-options.ts'
import type { UserStateSource } from './user-state-source.ts'
import { UserTable } from './user-table.ts'

/** Reads of accounts from memory, as far as that is certain. */
export interface CachedUsers extends Users<CachedUser> {
  /** Whether all users have been read; until then, who is not there yet is asked for. */
  isWarm(): boolean
  /** Resolves when it is warm; rejects with the signal's reason. */
  warm(signal?: AbortSignal): Promise<void>
  status(): UserCacheStatus
}

/** The cache, its ears, and its end. */
export interface OpenedUsers extends CachedUsers {
  /** Told of every revocation that is heard. */
  hear(entry: RevocationEntry): void
  /** Told when revocations begin to be followed anew. */
  begin(epoch: string): void
  close(): Promise<void>
}

/** What a cache is made of. */
export interface CachedUsersParts extends Omit<UserCacheOptions, 'source'> {
  readonly source: UserStateSource
  readonly client: UserCalls
  /** Says how far revocations have been heard. */
  readonly freshness: Pick<RevocationState, 'readFreshness'>
  readonly clock: Clock
  readonly logger: Logger
  readonly random?: () => number
  readonly table?: UserTable
}

const logEveryMs = 10_000
const notFound = 'there is no such user'

/**
 * Opens a cache of users. It never answers with someone as active who was suspended or deleted more than S ago (R13): both revoke the user's
 * tokens, so a user is served from memory only where no revocation was heard since it was read, and all of S ago have been heard. Else
 * GetUser is asked; what it answers is kept. Whoever opens closes.
 */
export function openCachedUsers(parts: CachedUsersParts): OpenedUsers {
  return new Cache(parts)
}

class Cache implements OpenedUsers {
  readonly #parts: CachedUsersParts
  readonly #table: UserTable
  readonly #feed: UserFeed
  readonly #ask = makeJoinedCalls<CachedUser | undefined>()
  readonly #counts: { -readonly [By in keyof UserCacheCounts]: number } = {
    memory: 0,
    asked: 0,
    allowedStale: 0,
    unavailable: 0,
  }
  #loggedAtMs = Number.NEGATIVE_INFINITY

  constructor(parts: CachedUsersParts) {
    this.#parts = parts
    this.#table = parts.table ?? new UserTable(parts)
    this.#feed = openUserFeed({ ...parts, table: this.#table })
  }

  async get(userId: string, options?: GetUserOptions): Promise<CachedUser> {
    const user = await this.find(userId, options)
    if (user === undefined) throw new RpcError('NOT_FOUND', 'USER_NOT_FOUND', `NOT_FOUND: ${notFound}`)
    return user
  }

  async find(userId: string, { minVersion = 0n }: GetUserOptions = {}): Promise<CachedUser | undefined> {
    const known = this.#recall(userId, minVersion)
    if (known !== undefined) return known.user
    try {
      const user = await this.#ask(userId, () => this.#getUser(userId))
      this.#counts.asked++
      return user && requireVersion(user, minVersion)
    } catch (error) {
      return this.#allowStale(userId, minVersion, error).user
    }
  }

  async getMany(userIds: Iterable<string>): Promise<Map<string, CachedUser>> {
    const found = new Map<string, CachedUser>()
    const missing: string[] = []
    for (const userId of new Set(userIds)) {
      const known = this.#recall(userId, 0n)
      if (known === undefined) missing.push(userId)
      else if (known.user !== undefined) found.set(userId, known.user)
    }
    for (const batch of toBatches(missing)) {
      for (const user of await this.#getBatch(batch)) found.set(user.id, user)
    }
    return found
  }

  isWarm(): boolean {
    return this.#feed.isWarm()
  }

  warm(signal?: AbortSignal): Promise<void> {
    return this.#feed.warm(signal)
  }

  status(): UserCacheStatus {
    const { isPartial, size } = this.#table
    return {
      isWarm: this.isWarm(),
      isPartial,
      users: size,
      isFed: this.#feed.isFed(),
      counts: { ...this.#counts },
    }
  }

  hear(entry: RevocationEntry): void {
    if (entry.type === 'user') this.#table.hear(entry.subject)
  }

  begin(epoch: string): void {
    this.#table.begin(epoch)
    this.#feed.loadAnew()
  }

  close(): Promise<void> {
    return this.#feed.close()
  }

  /** What may be said by memory alone. Freshness is read last, right before the answer. */
  #recall(userId: string, minVersion: bigint): { readonly user: CachedUser | undefined } | undefined {
    const found = this.#table.find(userId)
    if (found?.trust !== 'certain' || !this.#feed.isFed()) return undefined
    if (found.user !== undefined && found.user.version < minVersion) return undefined
    if (this.#parts.freshness.readFreshness().state !== 'FRESH') return undefined
    this.#counts.memory++
    return found
  }

  /** Asks, and answers with what is then known: an event may have told of something newer meanwhile. */
  async #getUser(userId: string): Promise<CachedUser | undefined> {
    const table = this.#table
    const read = table.beginRead()
    try {
      const { user } = await this.#parts.client.getUser({ by: { case: 'userId', value: userId } })
      if (user === undefined) throw new TypeError('GetUser answered without a user')
      table.put(user, read)
      return this.#pickNewer(toCachedUser(user))
    } catch (error) {
      toUndefinedIfMissing(error)
      table.putMissing(userId, read)
      return undefined
    } finally {
      table.endRead(read)
    }
  }

  async #getBatch(userIds: string[]): Promise<CachedUser[]> {
    const table = this.#table
    const read = table.beginRead()
    try {
      const { users, missingUserIds } = await this.#parts.client.batchGetUsers({ userIds })
      for (const user of users) table.put(user, read)
      for (const userId of missingUserIds) table.putMissing(userId, read)
      this.#counts.asked += userIds.length
      return users.flatMap((user) => this.#pickNewer(toCachedUser(user)) ?? [])
    } catch (error) {
      return userIds.flatMap((userId) => this.#allowStale(userId, 0n, error).user ?? [])
    } finally {
      table.endRead(read)
    }
  }

  #pickNewer(answer: CachedUser): CachedUser | undefined {
    const found = this.#table.find(answer.id)
    if (found === undefined || found.trust !== 'certain') return answer
    return found.user === undefined || found.user.version >= answer.version ? found.user : answer
  }

  /** The last word where nobody can be asked. A refusal is an answer and goes to the caller as it is. */
  #allowStale(userId: string, minVersion: bigint, error: unknown): { readonly user: CachedUser | undefined } {
    if (!isOutage(error)) throw error
    const found = this.#table.find(userId)
    const isUsable =
      this.#parts.onUnavailable === 'allowStale' &&
      found !== undefined &&
      found.trust !== 'revoked' &&
      (found.user === undefined || found.user.version >= minVersion)
    if (!isUsable) {
      this.#counts.unavailable++
      throw error
    }
    this.#counts.allowedStale++
    this.#logStale()
    return found
  }

  #logStale(): void {
    const { clock, logger, freshness } = this.#parts
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#loggedAtMs < logEveryMs) return
    this.#loggedAtMs = nowMs
    const { state, reason, ageMs } = freshness.readFreshness()
    const facts = { state, reason, ageMs, allowedStale: this.#counts.allowedStale }
    logger.warn(facts, 'users were answered from memory that may be out of date')
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof RpcError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED')
}

/** As GetUser's `min_version`. */
function requireVersion(user: CachedUser, minVersion: bigint): CachedUser {
  if (user.version >= minVersion) return user
  const message = `FAILED_PRECONDITION: the user is at version ${user.version}`
  throw new RpcError('FAILED_PRECONDITION', 'VERSION_NOT_REACHED', message)
}

/** Without what a cache could not keep true. */
function toCachedUser(user: CachedUser): CachedUser {
  const { id, username, displayName, status, roles, subscriptionTier, version } = user
  return { id, username, displayName, status, roles, subscriptionTier, version }
}
