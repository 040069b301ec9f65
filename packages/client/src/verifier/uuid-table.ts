import type { UuidKey } from './to-uuid-key.ts'

/** Never: the last expiry that fits, in the year 2106. */
export const neverSeconds = 0xffff_ffff

// A slot: four words of the key, when it expires (0: the slot is empty), low and high half of the value.
const expiryAt = 4
const lowAt = 5
const highAt = 6
const smallest = 64

/**
 * Values by UUID in one Int32Array: linear probing over whole keys, so there are no false positives, 20 bytes a slot without values and
 * 28 with. Nothing leaves but by `sweep`, which looks at a few slots a call.
 */
export class UuidTable {
  readonly #stride: number
  #cells: Int32Array
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
    return this.#cells.byteLength
  }

  has(key: UuidKey): boolean {
    return this.#read(this.#locate(key) + expiryAt) !== 0
  }

  /** The value, or undefined where the key is not there. Only of a table with values. */
  find(key: UuidKey): number | undefined {
    const at = this.#locate(key)
    if (this.#read(at + expiryAt) === 0) return undefined
    return (this.#read(at + highAt) >>> 0) * 2 ** 32 + (this.#read(at + lowAt) >>> 0)
  }

  /** Raises the key's value and expiry to at least these, adding the key where it is new; whether that changed anything. */
  raise(key: UuidKey, expiresSeconds: number, value: number): boolean {
    let at = this.#locate(key)
    const isNew = this.#read(at + expiryAt) === 0
    if (isNew) {
      if (this.#growIfFull()) at = this.#locate(key)
      this.#cells[at] = key.a
      this.#cells[at + 1] = key.b
      this.#cells[at + 2] = key.c
      this.#cells[at + 3] = key.d
      this.#size++
    }
    const isLater = expiresSeconds > this.#read(at + expiryAt) >>> 0
    if (isLater) this.#cells[at + expiryAt] = expiresSeconds
    return this.#raiseValue(at, value) || isLater
  }

  #raiseValue(at: number, value: number): boolean {
    if (this.#stride !== 7) return false
    const old = (this.#read(at + highAt) >>> 0) * 2 ** 32 + (this.#read(at + lowAt) >>> 0)
    if (value <= old) return false
    this.#cells[at + highAt] = Math.floor(value / 2 ** 32)
    this.#cells[at + lowAt] = value % 2 ** 32
    return true
  }

  /** Removes what has expired before that second among the next `slots` slots, going round. */
  sweep(beforeSeconds: number, slots: number): void {
    for (let left = slots; left > 0; left--) {
      const at = this.#cursor * this.#stride
      const expires = this.#read(at + expiryAt) >>> 0
      // What moves into the freed slot is looked at next.
      if (expires !== 0 && expires !== neverSeconds && expires < beforeSeconds) this.#remove(this.#cursor)
      else this.#cursor = (this.#cursor + 1) & this.#mask
    }
  }

  /** How many slots a whole round has. */
  get slots(): number {
    return this.#mask + 1
  }

  /** Where the key's slot begins, or the empty slot where it would go. */
  #locate({ a, b, c, d }: UuidKey): number {
    const cells = this.#cells
    let slot = hash(a, b, c, d) & this.#mask
    for (;;) {
      const at = slot * this.#stride
      if (cells[at + expiryAt] === 0) return at
      if (cells[at + 3] === d && cells[at + 2] === c && cells[at + 1] === b && cells[at] === a) return at
      slot = (slot + 1) & this.#mask
    }
  }

  #growIfFull(): boolean {
    if (this.#size < (this.#mask + 1) * 0.75) return false
    const old = this.#cells
    this.#mask = this.#mask * 2 + 1
    this.#cells = new Int32Array((this.#mask + 1) * this.#stride)
    this.#cursor = 0
    for (let from = 0; from < old.length; from += this.#stride) {
      if (old[from + expiryAt] === 0) continue
      let slot = hashAt(old, from) & this.#mask
      while (this.#read(slot * this.#stride + expiryAt) !== 0) slot = (slot + 1) & this.#mask
      const to = slot * this.#stride
      for (let i = 0; i < this.#stride; i++) this.#cells[to + i] = old[from + i] ?? 0
    }
    return true
  }

  /** Empties a slot and moves up what had to go past it (Knuth, TAOCP vol. 3, 6.4, algorithm R): no tombstones. */
  #remove(slot: number): void {
    const stride = this.#stride
    let hole = slot
    for (let next = (slot + 1) & this.#mask; ; next = (next + 1) & this.#mask) {
      const at = next * stride
      if (this.#read(at + expiryAt) === 0) break
      const home = hashAt(this.#cells, at) & this.#mask
      if (((next - home) & this.#mask) < ((next - hole) & this.#mask)) continue
      this.#cells.copyWithin(hole * stride, at, at + stride)
      hole = next
    }
    this.#cells.fill(0, hole * stride, (hole + 1) * stride)
    this.#size--
  }

  #read(at: number): number {
    return this.#cells[at] ?? 0
  }
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
