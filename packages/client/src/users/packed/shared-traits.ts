import type { CachedUser } from '../cached-user.ts'

/** What many users have in common. */
export type Traits = Pick<CachedUser, 'status' | 'subscriptionTier' | 'roles'>

interface Entry {
  readonly traits: Traits
  /** Undefined where others with the same traits have entries of their own. */
  readonly key: string | undefined
  holders: number
}

/** Of so many all are shared. Where everybody has roles of their own there is nothing to share. */
const sharedMax = 10_000

/** Traits by number, the same for all who have the same; what nobody holds any more goes. */
export class SharedTraits {
  /** The first is nobody's: numbers are counted from 1. */
  readonly #entries: (Entry | undefined)[] = [undefined]
  readonly #free: number[] = []
  readonly #numbers = new Map<string, number>()
  #latest = 0

  get(number: number): Traits {
    return this.#entryAt(number).traits
  }

  /** The number of these traits, held once more. */
  hold(traits: Traits): number {
    const latest = this.#entries[this.#latest]
    // Users that come one after the other mostly have the same.
    if (latest === undefined || !isSame(latest.traits, traits)) this.#latest = this.#findNumber(traits)
    this.#entryAt(this.#latest).holders++
    return this.#latest
  }

  release(number: number): void {
    const entry = this.#entryAt(number)
    if (--entry.holders > 0) return
    if (entry.key !== undefined) this.#numbers.delete(entry.key)
    this.#entries[number] = undefined
    this.#free.push(number)
  }

  #findNumber({ status, subscriptionTier, roles }: Traits): number {
    const key = JSON.stringify([status, subscriptionTier, roles])
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const isShared = this.#numbers.size < sharedMax
    const number = this.#free.pop() ?? this.#entries.length
    const traits = { status, subscriptionTier, roles: Object.freeze([...roles]) }
    this.#entries[number] = { traits, key: isShared ? key : undefined, holders: 0 }
    if (isShared) this.#numbers.set(key, number)
    return number
  }

  #entryAt(number: number): Entry {
    return this.#entries[number] as Entry
  }
}

function isSame(a: Traits, b: Traits): boolean {
  if (a.status !== b.status || a.subscriptionTier !== b.subscriptionTier) return false
  return a.roles.length === b.roles.length && a.roles.every((role, at) => role === b.roles[at])
}
