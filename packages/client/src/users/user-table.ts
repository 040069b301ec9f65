import type { CachedUser } from './cached-user.ts'
import { noRow, numberAt, wordAt } from './packed/packed-rows.ts'
import { PackedUsers } from './packed/packed-users.ts'
import { RowOrder } from './packed/row-order.ts'

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

/**
 * Users by id, the newest version of each; deleted users stay as tombstones. It knows no time: whether revocations have been heard far
 * enough is its caller's to judge (R13). Any order and repetition of the same changes gives the same users.
 */
export class UserTable {
  readonly #maxUsers: number
  #users = new PackedUsers()
  /** Those asked for last are the newest; undefined where nobody has to go. */
  #order: RowOrder | undefined
  readonly #reads = new Set<UserRead>()
  /** Revocations heard while somebody reads, by user: the answers may be from before them. In the order in which they were heard. */
  readonly #heard = new Map<string, number>()
  #revocations = 0
  generation = 0
  epoch: string | undefined
  /** Whether users had to go, or were not taken, for want of room. */
  isPartial = false

  constructor({ maxUsers = Number.POSITIVE_INFINITY }: UserTableOptions = {}) {
    this.#maxUsers = maxUsers
    this.#clear()
  }

  get size(): number {
    return this.#users.size
  }

  /** Revocations are heard without a gap from here on; of those before, some may never be. Another epoch begins empty. */
  begin(epoch: string): void {
    this.generation++
    if (epoch === this.epoch) return
    this.epoch = epoch
    this.#clear()
    this.isPartial = false
  }

  /** Tokens of the user were revoked: whatever was read before may say ACTIVE of someone who is not. */
  hear(userId: string): void {
    this.#revocations++
    if (this.#reads.size > 0) {
      this.#heard.delete(userId)
      this.#heard.set(userId, this.#revocations)
    }
    const row = this.#users.find(userId)
    if (row !== noRow) this.#setRevoked(row, this.#revocations)
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
    const row = this.#users.find(userId)
    if (row === noRow) return undefined
    this.#order?.remove(row)
    this.#order?.add(row)
    return { user: this.#users.read(row, userId), trust: this.#judge(row) }
  }

  /** Stores what a read answered; where something newer is known, that stays and is as certain as the answer. Only before `endRead`. */
  put(user: CachedUser, read: UserRead): void {
    if (read.generation !== this.generation) return
    const row = this.#users.find(user.id) || this.#add(user.id)
    this.#raise(row, user)
    this.#makeCertain(user.id, row, read)
  }

  /** As `put`, of somebody nobody asked for: where there is no room, the user is not taken. */
  fill(user: CachedUser, read: UserRead): void {
    if (this.#users.size < this.#maxUsers || this.#users.find(user.id) !== noRow) this.put(user, read)
    else this.isPartial = true
  }

  /** Stores that a read found nobody. Someone who was never heard of may come to be; a user who was there is deleted. */
  putMissing(userId: string, read: UserRead): void {
    const row = this.#users.find(userId)
    if (read.generation !== this.generation || row === noRow) return
    this.#delete(row)
    this.#makeCertain(userId, row, read)
  }

  takeChange(user: CachedUser, epoch: string): void {
    if (epoch !== this.epoch) return
    const known = this.#users.find(user.id)
    if (known !== noRow) this.#raise(known, user)
    else if (this.#users.size >= this.#maxUsers) this.isPartial = true
    else this.#raise(this.#add(user.id), user)
  }

  takeDeleted(userId: string, epoch: string): void {
    if (epoch !== this.epoch) return
    const known = this.#users.find(userId)
    if (known === noRow && this.#users.size >= this.#maxUsers) return
    const row = known || this.#add(userId)
    this.#delete(row)
    this.#users.rows.setWord(row, wordAt.generation, this.generation)
    this.#setRevoked(row, 0)
  }

  /** Nothing is certain of this user until it is read. */
  doubt(userId: string): void {
    const row = this.#users.find(userId)
    if (row !== noRow && this.#users.isThere(row)) this.#users.rows.setWord(row, wordAt.generation, 0)
  }

  #clear(): void {
    this.#users = new PackedUsers()
    this.#order = this.#maxUsers === Number.POSITIVE_INFINITY ? undefined : new RowOrder(this.#users.rows)
  }

  #judge(row: number): FoundUser['trust'] {
    const { rows } = this.#users
    if (rows.number(row, numberAt.revoked) > 0) return 'revoked'
    return rows.word(row, wordAt.generation) === this.generation ? 'certain' : 'told'
  }

  #makeCertain(userId: string, row: number, { since }: UserRead): void {
    const { rows } = this.#users
    const isSettled = rows.word(row, wordAt.generation) === this.generation
    // An answer that took long takes nothing from what a later question has settled.
    if (isSettled && rows.number(row, numberAt.since) > since) return
    rows.setWord(row, wordAt.generation, this.generation)
    rows.setNumber(row, numberAt.since, since)
    const heard = Math.max(rows.number(row, numberAt.revoked), this.#heard.get(userId) ?? 0)
    this.#setRevoked(row, heard > since && this.#users.isThere(row) ? heard : 0)
  }

  #setRevoked(row: number, revocation: number): void {
    this.#users.rows.setNumber(row, numberAt.revoked, revocation)
  }

  #raise(row: number, user: CachedUser): void {
    const known = this.#users.rows.number(row, numberAt.version)
    if (known >= 0 && !this.#users.isThere(row)) return
    if (Number(user.version) > known) this.#users.write(row, user)
  }

  /** Deleted: personal data goes, and no version brings the user back. */
  #delete(row: number): void {
    const { rows } = this.#users
    this.#users.erase(row)
    rows.setNumber(row, numberAt.version, Math.max(rows.number(row, numberAt.version), 0))
  }

  /** A row that nothing is known of yet. */
  #add(userId: string): number {
    const row = this.#users.add(userId)
    this.#users.rows.setNumber(row, numberAt.version, -1)
    this.#order?.add(row)
    if (this.#order !== undefined && this.#users.size > this.#maxUsers) {
      this.isPartial = true
      const { oldest } = this.#order
      this.#order.remove(oldest)
      this.#users.remove(oldest)
    }
    return row
  }
}
