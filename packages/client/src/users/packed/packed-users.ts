import type { CachedUser } from '../cached-user.ts'
import { NameSlabs } from './name-slabs.ts'
import { noRow, numberAt, PackedRows, wordAt } from './packed-rows.ts'
import { RowIds } from './row-ids.ts'
import { SharedTraits } from './shared-traits.ts'

/** In the place of the number of a row's traits: nobody is there. */
const noTraits = 0

/**
 * Users in packed memory, about 120 bytes each with names of ten letters: a row of numbers for each, names as UTF-8, the rest shared by all who have
 * the same. A row may be without a user: its id was added and nothing was written yet, or it was erased.
 */
export class PackedUsers {
  /** Words and numbers of rows that are neither the id's nor the user's are whoever's who added them. */
  readonly rows = new PackedRows()
  readonly #ids = new RowIds(this.rows)
  readonly #names = new NameSlabs((row, place) => this.rows.setWord(row, wordAt.names, place))
  readonly #traits = new SharedTraits()
  #size = 0

  /** Rows, with a user or without. */
  get size(): number {
    return this.#size
  }

  /** Of all but the traits, and ids that are not UUIDs. */
  get bytes(): number {
    return this.rows.bytes + this.#ids.bytes + this.#names.bytes
  }

  /** The id's row, or `noRow`. */
  find(id: string): number {
    return this.#ids.find(id)
  }

  /** A row without a user, for an id that has no row. */
  add(id: string): number {
    this.#size++
    return this.#ids.add(id)
  }

  /** Takes the row away with all that is in it. */
  remove(row: number): void {
    this.erase(row)
    this.#ids.remove(row)
    this.#size--
  }

  isThere(row: number): boolean {
    return this.rows.word(row, wordAt.traits) !== noTraits
  }

  /** The row's user; `id` must be the row's. */
  read(row: number, id = this.#ids.toId(row)): CachedUser | undefined {
    const number = this.rows.word(row, wordAt.traits)
    if (number === noTraits) return undefined
    const { username, displayName } = this.#names.read(this.rows.word(row, wordAt.names))
    const { status, subscriptionTier, roles } = this.#traits.get(number)
    const version = BigInt(this.rows.number(row, numberAt.version))
    return { id, username, displayName, status, subscriptionTier, roles, version }
  }

  /** Puts a user in the place of whoever is there. Versions are exact up to 2^53. */
  write(row: number, user: CachedUser): void {
    const traits = this.#traits.hold(user)
    this.erase(row)
    this.rows.setWord(row, wordAt.names, this.#names.add(row, user))
    this.rows.setWord(row, wordAt.traits, traits)
    this.rows.setNumber(row, numberAt.version, Number(user.version))
  }

  /** Leaves the row without a user, whose names are overwritten; id and version stay. */
  erase(row: number): void {
    const number = this.rows.word(row, wordAt.traits)
    if (number === noTraits) return
    this.#traits.release(number)
    this.#names.release(this.rows.word(row, wordAt.names))
    this.rows.setWord(row, wordAt.traits, noTraits)
    this.rows.setWord(row, wordAt.names, 0)
  }

  /** All users, in no order; as of when each is read. */
  *values(): Generator<CachedUser, void, undefined> {
    for (let row = noRow + 1; row <= this.rows.last; row++) {
      const user = this.isThere(row) ? this.read(row) : undefined
      if (user !== undefined) yield user
    }
  }
}
