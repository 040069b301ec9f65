import type { UserStatus } from '@immersiverse/auth-contract'
import type { CachedUser } from './cached-user.ts'

/** Begun before users are asked for: says which revocations the answer knows of. */
export interface UserRead {
  readonly generation: number
  /** Revocations heard by then. What was heard was committed, so the answer knows of it. */
  readonly since: number
}

/** A user in the table. */
export interface FoundUser {
  /** Undefined where the user was deleted. */
  readonly user: CachedUser | undefined
  /**
   * `certain`: nothing was heard since it was read that could make it inactive. `told`: by events, or before revocations were read anew:
   * something may have been missed. `revoked`: tokens of the user were revoked since, which suspending and deleting do.
   */
  readonly trust: 'certain' | 'told' | 'revoked'
}

/** Limits of a table. */
export interface UserTableOptions {
  /** Beyond it those go that were not asked for longest; default: no limit. */
  readonly maxUsers?: number
}

/** What many users have in common: one object for all of them. */
interface Traits {
  readonly status: UserStatus
  readonly subscriptionTier: string
  readonly roles: readonly string[]
}

/** About 230 bytes a user, with its id and its place in the map. */
interface Entry {
  username: string
  displayName: string
  /** Undefined: deleted. */
  traits: Traits | undefined
  version: number
  /** In which it was read; 0: told only. */
  generation: number
  /** Revocations heard when the latest of its reads began. */
  since: number
  /** The revocation heard last, 0 where none was since. */
  revoked: number
}

const traitsMax = 10_000

/**
 * Users by id, the newest version of each; deleted users stay as tombstones. It knows no time: whether revocations have been heard far
 * enough is its caller's to judge (R13). Any order and repetition of the same changes gives the same users.
 */
export class UserTable {
  readonly #maxUsers: number
  readonly #entries = new Map<string, Entry>()
  readonly #reads = new Set<UserRead>()
  /** Revocations heard while somebody reads, by user: the answers may be from before them. In the order in which they were heard. */
  readonly #heard = new Map<string, number>()
  readonly #traits = new Map<string, Traits>()
  #revocations = 0
  generation = 0
  epoch: string | undefined
  /** Whether users had to go, or were not taken, for want of room. */
  isPartial = false

  constructor({ maxUsers = Number.POSITIVE_INFINITY }: UserTableOptions = {}) {
    this.#maxUsers = maxUsers
  }

  get size(): number {
    return this.#entries.size
  }

  /** Revocations are heard without a gap from here on; of those before, some may never be. Another epoch begins empty. */
  begin(epoch: string): void {
    this.generation++
    if (epoch === this.epoch) return
    this.epoch = epoch
    this.#entries.clear()
    this.isPartial = false
  }

  /** Tokens of the user were revoked: whatever was read before may say ACTIVE of someone who is not. */
  hear(userId: string): void {
    this.#revocations++
    if (this.#reads.size > 0) {
      this.#heard.delete(userId)
      this.#heard.set(userId, this.#revocations)
    }
    const entry = this.#entries.get(userId)
    if (entry !== undefined) entry.revoked = this.#revocations
  }

  beginRead(): UserRead {
    const read = { generation: this.generation, since: this.#revocations }
    this.#reads.add(read)
    return read
  }

  endRead(read: UserRead): void {
    this.#reads.delete(read)
    const [first] = this.#reads
    for (const [userId, revocation] of this.#heard) {
      if (first !== undefined && revocation > first.since) break
      this.#heard.delete(userId)
    }
  }

  find(userId: string): FoundUser | undefined {
    const entry = this.#entries.get(userId)
    if (entry === undefined) return undefined
    if (this.#maxUsers !== Number.POSITIVE_INFINITY) {
      this.#entries.delete(userId)
      this.#entries.set(userId, entry)
    }
    return { user: toUser(userId, entry), trust: this.#judge(entry) }
  }

  /** Stores what a read answered; where something newer is known, that stays and is as certain as the answer. Only before `endRead`. */
  put(user: CachedUser, read: UserRead): void {
    if (read.generation !== this.generation) return
    const entry = this.#entries.get(user.id) ?? this.#add(user.id)
    this.#raise(entry, user)
    this.#makeCertain(user.id, entry, read)
  }

  /** As `put`, of somebody nobody asked for: where there is no room, the user is not taken. */
  fill(user: CachedUser, read: UserRead): void {
    if (this.#entries.size < this.#maxUsers || this.#entries.has(user.id)) this.put(user, read)
    else this.isPartial = true
  }

  /** Stores that a read found nobody. Someone who was never heard of may come to be; a user who was there is deleted. */
  putMissing(userId: string, read: UserRead): void {
    const entry = this.#entries.get(userId)
    if (read.generation !== this.generation || entry === undefined) return
    erase(entry)
    this.#makeCertain(userId, entry, read)
  }

  takeChange(user: CachedUser, epoch: string): void {
    if (epoch !== this.epoch) return
    const known = this.#entries.get(user.id)
    if (known !== undefined) this.#raise(known, user)
    else if (this.#entries.size >= this.#maxUsers) this.isPartial = true
    else this.#raise(this.#add(user.id), user)
  }

  takeDeleted(userId: string, epoch: string): void {
    if (epoch !== this.epoch) return
    const known = this.#entries.get(userId)
    if (known === undefined && this.#entries.size >= this.#maxUsers) return
    const entry = known ?? this.#add(userId)
    erase(entry)
    entry.generation = this.generation
    entry.revoked = 0
  }

  /** Nothing is certain of this user until it is read. */
  doubt(userId: string): void {
    const entry = this.#entries.get(userId)
    if (entry?.traits !== undefined) entry.generation = 0
  }

  #judge({ generation, revoked }: Entry): FoundUser['trust'] {
    if (revoked > 0) return 'revoked'
    return generation === this.generation ? 'certain' : 'told'
  }

  #makeCertain(userId: string, entry: Entry, { since }: UserRead): void {
    // An answer that took long takes nothing from what a later question has settled.
    if (entry.generation === this.generation && entry.since > since) return
    entry.generation = this.generation
    entry.since = since
    const heard = Math.max(entry.revoked, this.#heard.get(userId) ?? 0)
    entry.revoked = heard > since && entry.traits !== undefined ? heard : 0
  }

  #raise(entry: Entry, user: CachedUser): void {
    const version = Number(user.version)
    if (entry.traits === undefined && entry.version >= 0) return
    if (version <= entry.version) return
    entry.version = version
    entry.username = user.username
    // Most people are called as their account is.
    entry.displayName = user.displayName === user.username ? user.username : user.displayName
    entry.traits = this.#share(user)
  }

  #add(userId: string): Entry {
    const entry: Entry = {
      username: '',
      displayName: '',
      traits: undefined,
      version: -1,
      generation: 0,
      since: 0,
      revoked: 0,
    }
    this.#entries.set(userId, entry)
    if (this.#entries.size > this.#maxUsers) {
      this.isPartial = true
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest)
        break
      }
    }
    return entry
  }

  #share({ status, subscriptionTier, roles }: CachedUser): Traits {
    const key = [status, subscriptionTier, ...roles].join('\n')
    const known = this.#traits.get(key)
    if (known !== undefined) return known
    // Sharing is an economy: where everybody has roles of their own there is nothing to share.
    if (this.#traits.size >= traitsMax) this.#traits.clear()
    const traits = { status, subscriptionTier, roles: Object.freeze([...roles]) }
    this.#traits.set(key, traits)
    return traits
  }
}

/** Deleted: personal data goes, and no version brings the user back. */
function erase(entry: Entry): void {
  entry.username = ''
  entry.displayName = ''
  entry.traits = undefined
  entry.version = Math.max(entry.version, 0)
}

function toUser(id: string, { username, displayName, traits, version }: Entry): CachedUser | undefined {
  return traits && { id, username, displayName, ...traits, version: BigInt(version) }
}
