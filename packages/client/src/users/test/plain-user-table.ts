import type { CachedUser } from '../cached-user.ts'
import type { FoundUser, UserRead, UserTable, UserTableOptions } from '../user-table.ts'

interface Entry {
  username: string
  displayName: string
  /** Undefined: deleted. */
  traits: Pick<CachedUser, 'status' | 'subscriptionTier' | 'roles'> | undefined
  version: number
  /** In which it was read; 0: told only. */
  generation: number
  /** Revocations heard when the latest of its reads began. */
  since: number
  /** The revocation heard last, 0 where none was since. */
  revoked: number
}

/** What a table of users promises, in a Map of objects as plainly as can be: packed memory is held to it. */
export class PlainUserTable implements Pick<UserTable, keyof UserTable> {
  readonly #maxUsers: number
  readonly #entries = new Map<string, Entry>()
  readonly #reads = new Set<UserRead>()
  readonly #heard = new Map<string, number>()
  #revocations = 0
  generation = 0
  epoch: string | undefined
  isPartial = false

  constructor({ maxUsers = Number.POSITIVE_INFINITY }: UserTableOptions = {}) {
    this.#maxUsers = maxUsers
  }

  get size(): number {
    return this.#entries.size
  }

  begin(epoch: string): void {
    this.generation++
    if (epoch === this.epoch) return
    this.epoch = epoch
    this.#entries.clear()
    this.isPartial = false
  }

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

  put(user: CachedUser, read: UserRead): void {
    if (read.generation !== this.generation) return
    const entry = this.#entries.get(user.id) ?? this.#add(user.id)
    this.#raise(entry, user)
    this.#makeCertain(user.id, entry, read)
  }

  fill(user: CachedUser, read: UserRead): void {
    if (this.#entries.size < this.#maxUsers || this.#entries.has(user.id)) this.put(user, read)
    else this.isPartial = true
  }

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
    entry.displayName = user.displayName
    const { status, subscriptionTier, roles } = user
    entry.traits = { status, subscriptionTier, roles: [...roles] }
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
