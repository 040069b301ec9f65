import type { UuidKey } from './to-uuid-key.ts'
import { segmentBits, UuidSegment } from './uuid-segment.ts'

const segmentMask = (1 << segmentBits) - 1

/**
 * Values by UUID, in 32 segments that grow each on its own: a table of a million entries grows in steps of a few milliseconds, and its
 * old and new places do not stand beside each other. Nothing leaves but by `sweep`.
 */
export class UuidTable {
  readonly #options: { readonly hasValues: boolean }
  /** None before the first key: many views never get one in most of their tables. */
  #segments: readonly UuidSegment[] = []
  #size = 0
  #cursor = 0

  constructor(options: { readonly hasValues: boolean }) {
    this.#options = options
  }

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#sum((segment) => segment.bytes)
  }

  /** How many slots a whole round of `sweep` has. */
  get slots(): number {
    return this.#sum((segment) => segment.slots)
  }

  has(key: UuidKey): boolean {
    return this.#size > 0 && this.#segmentOf(key).has(key)
  }

  /** The value, or undefined where the key is not there. Only of a table with values. */
  find(key: UuidKey): number | undefined {
    return this.#size > 0 ? this.#segmentOf(key).find(key) : undefined
  }

  /** Raises the key's value and expiry to at least these, adding the key where it is new; whether that changed anything. */
  raise(key: UuidKey, expiresSeconds: number, value: number): boolean {
    if (this.#segments.length === 0) {
      this.#segments = Array.from({ length: segmentMask + 1 }, () => new UuidSegment(this.#options))
    }
    const segment = this.#segmentOf(key)
    const before = segment.size
    const isChanged = segment.raise(key, expiresSeconds, value)
    this.#size += segment.size - before
    return isChanged
  }

  /** Removes what has expired before that second in the next segments, going round, until they had at least `slots` slots. */
  sweep(beforeSeconds: number, slots: number): void {
    if (this.#size === 0) return
    let left = slots
    for (let n = 0; n <= segmentMask && left > 0; n++) {
      const segment = this.#segmentAt(this.#cursor)
      const before = segment.size
      segment.sweep(beforeSeconds)
      this.#size += segment.size - before
      left -= segment.slots
      this.#cursor = (this.#cursor + 1) & segmentMask
    }
  }

  #segmentOf({ hash }: UuidKey): UuidSegment {
    return this.#segmentAt(hash & segmentMask)
  }

  #segmentAt(at: number): UuidSegment {
    return this.#segments[at] as UuidSegment
  }

  #sum(count: (segment: UuidSegment) => number): number {
    return this.#segments.reduce((all, segment) => all + count(segment), 0)
  }
}
