import type { UuidKey } from './to-uuid-key.ts'

/** Never: the last expiry that fits, in the year 2106. */
export const neverSeconds = 0xffff_ffff

// A slot: four words of the key, when it expires, low and high half of the value.
const expiryAt = 4
const lowAt = 5
const highAt = 6
const smallest = 64

/**
 * Values by UUID in typed arrays: linear probing, 21 bytes a slot without values and 29 with, at most three of four slots used. A byte a
 * slot says whether it is used and part of the hash, so that a look-up that finds nothing seldom leaves the cache; keys are compared
 * whole, so there are no false positives. Nothing leaves but by `sweep`, which looks at a few slots a call.
 */
export class UuidTable {
  readonly #stride: number
  #cells: Int32Array
  #tags = new Uint8Array(smallest)
  #mask = smallest - 1
  #size = 0
  #cursor = 0

  constructor({ hasValues }: { readonly hasValues: boolean }) {
    this.#stride = hasValues ? 7 : 5
    this.#cells = new Int32Array(smallest * this.#stride)
  }

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#cells.byteLength + this.#tags.byteLength
  }

  /** How many slots a whole round of `sweep` has. */
  get slots(): number {
    return this.#mask + 1
  }

  has(key: UuidKey): boolean {
    return this.#size > 0 && this.#tags[this.#locate(key)] !== 0
  }

  /** The value, or undefined where the key is not there. Only of a table with values. */
  find(key: UuidKey): number | undefined {
    if (this.#size === 0) return undefined
    const slot = this.#locate(key)
    return this.#tags[slot] === 0 ? undefined : this.#readValue(slot * this.#stride)
  }

  /** Raises the key's value and expiry to at least these, adding the key where it is new; whether that changed anything. */
  raise(key: UuidKey, expiresSeconds: number, value: number): boolean {
    let slot = this.#locate(key)
    const isNew = this.#tags[slot] === 0
    if (isNew) {
      if (this.#growIfFull()) slot = this.#locate(key)
      const { a, b, c, d } = key
      const at = slot * this.#stride
      this.#cells[at] = a
      this.#cells[at + 1] = b
      this.#cells[at + 2] = c
      this.#cells[at + 3] = d
      this.#tags[slot] = toTag(hash(a, b, c, d))
      this.#size++
    }
    const at = slot * this.#stride
    const isLater = expiresSeconds > this.#read(at + expiryAt) >>> 0
    if (isLater) this.#cells[at + expiryAt] = expiresSeconds
    return this.#raiseValue(at, value) || isLater || isNew
  }

  /** Removes what has expired before that second among the next `slots` slots, going round. */
  sweep(beforeSeconds: number, slots: number): void {
    for (let left = slots; left > 0; left--) {
      const slot = this.#cursor
      const expires = this.#tags[slot] === 0 ? neverSeconds : this.#read(slot * this.#stride + expiryAt) >>> 0
      // What moves into the freed slot is looked at next.
      if (expires !== neverSeconds && expires < beforeSeconds) this.#remove(slot)
      else this.#cursor = (slot + 1) & this.#mask
    }
  }

  #readValue(at: number): number {
    return (this.#read(at + highAt) >>> 0) * 2 ** 32 + (this.#read(at + lowAt) >>> 0)
  }

  #raiseValue(at: number, value: number): boolean {
    if (this.#stride !== 7 || value <= this.#readValue(at)) return false
    this.#cells[at + highAt] = Math.floor(value / 2 ** 32)
    this.#cells[at + lowAt] = value % 2 ** 32
    return true
  }

  /** The key's slot, or the empty one where it would go. */
  #locate({ a, b, c, d }: UuidKey): number {
    const cells = this.#cells
    const hashed = hash(a, b, c, d)
    const tag = toTag(hashed)
    for (let slot = hashed & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const found = this.#tags[slot]
      if (found === 0) return slot
      if (found !== tag) continue
      const at = slot * this.#stride
      if (cells[at + 3] === d && cells[at + 2] === c && cells[at + 1] === b && cells[at] === a) return slot
    }
  }

  #growIfFull(): boolean {
    if (this.#size < (this.#mask + 1) * 0.75) return false
    const [cells, tags, stride] = [this.#cells, this.#tags, this.#stride]
    this.#mask = this.#mask * 2 + 1
    this.#cells = new Int32Array((this.#mask + 1) * stride)
    this.#tags = new Uint8Array(this.#mask + 1)
    this.#cursor = 0
    for (let old = 0; old < tags.length; old++) {
      if (tags[old] === 0) continue
      const from = old * stride
      let slot = hashAt(cells, from) & this.#mask
      while (this.#tags[slot] !== 0) slot = (slot + 1) & this.#mask
      this.#tags[slot] = tags[old] ?? 0
      for (let i = 0; i < stride; i++) this.#cells[slot * stride + i] = cells[from + i] ?? 0
    }
    return true
  }

  /** Empties a slot and moves up what had to go past it (Knuth, TAOCP vol. 3, 6.4, algorithm R): no tombstones. */
  #remove(slot: number): void {
    const stride = this.#stride
    let hole = slot
    for (let next = (slot + 1) & this.#mask; this.#tags[next] !== 0; next = (next + 1) & this.#mask) {
      const at = next * stride
      const home = hashAt(this.#cells, at) & this.#mask
      if (((next - home) & this.#mask) < ((next - hole) & this.#mask)) continue
      this.#cells.copyWithin(hole * stride, at, at + stride)
      this.#tags[hole] = this.#tags[next] ?? 0
      hole = next
    }
    this.#cells.fill(0, hole * stride, (hole + 1) * stride)
    this.#tags[hole] = 0
    this.#size--
  }

  #read(at: number): number {
    return this.#cells[at] ?? 0
  }
}

/** The hash's upper bits, which slots are not chosen by; never 0, which is an empty slot. */
function toTag(hashed: number): number {
  return (hashed >>> 24) | 1
}

function hashAt(cells: Int32Array, at: number): number {
  return hash(cells[at] ?? 0, cells[at + 1] ?? 0, cells[at + 2] ?? 0, cells[at + 3] ?? 0)
}

/** All bits of the key, mixed by the finaliser of MurmurHash3. Keys are the auth service's choice, so no secret is needed. */
function hash(a: number, b: number, c: number, d: number): number {
  let h = a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca77) ^ Math.imul(d, 0xc2b2ae3d)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
