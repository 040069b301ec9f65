import { hashWords, type UuidKey } from './to-uuid-key.ts'

/** Never: the last expiry that fits, in the year 2106. */
export const neverSeconds = 0xffff_ffff
/** The low bits of a hash, by which tables choose a segment. */
export const segmentBits = 5

// A slot: four words of the key, when it expires, low and high half of the value.
const expiryAt = 4
const lowAt = 5
const highAt = 6
const smallest = 16
/** Slots whose keys share a word of the filter. */
const slotsPerWord = 8

/**
 * A part of a table of values by UUID, in typed arrays: linear probing, 21.5 bytes a slot without values and 29.5 with, at most three of
 * four slots used. Keys are compared whole, so there are no false positives. In front stands a filter of half a byte a slot, three bits a
 * key in one word, so that nearly every look-up that finds nothing reads a single word of an array that is small enough for the cache.
 */
export class UuidSegment {
  readonly #stride: number
  #cells: Int32Array
  /** Zero where the slot is empty, else bits of the key's hash: most keys that are not the one wanted are known without reading them. */
  #tags = new Uint8Array(smallest)
  #filter = new Int32Array(smallest / slotsPerWord)
  #mask = smallest - 1
  size = 0

  constructor({ hasValues }: { readonly hasValues: boolean }) {
    this.#stride = hasValues ? 7 : 5
    this.#cells = new Int32Array(smallest * this.#stride)
  }

  get bytes(): number {
    return this.#cells.byteLength + this.#tags.byteLength + this.#filter.byteLength
  }

  get slots(): number {
    return this.#mask + 1
  }

  has(key: UuidKey): boolean {
    return this.#mayHave(key.hash) && this.#tags[this.#locate(key)] !== 0
  }

  /** The value, or undefined where the key is not there. Only of a segment with values. */
  find(key: UuidKey): number | undefined {
    if (!this.#mayHave(key.hash)) return undefined
    const slot = this.#locate(key)
    return this.#tags[slot] === 0 ? undefined : this.#readValue(slot * this.#stride)
  }

  /** Raises the key's value and expiry to at least these, adding the key where it is new; whether that changed anything. */
  raise(key: UuidKey, expiresSeconds: number, value: number): boolean {
    let slot = this.#locate(key)
    const isNew = this.#tags[slot] === 0
    if (isNew) {
      if (this.#growIfFull()) slot = this.#locate(key)
      const at = slot * this.#stride
      this.#cells[at] = key.a
      this.#cells[at + 1] = key.b
      this.#cells[at + 2] = key.c
      this.#cells[at + 3] = key.d
      this.#tags[slot] = toTag(key.hash)
      this.#addToFilter(key.hash)
      this.size++
    }
    const at = slot * this.#stride
    const isLater = expiresSeconds > this.#read(at + expiryAt) >>> 0
    if (isLater) this.#cells[at + expiryAt] = expiresSeconds
    return this.#raiseValue(at, value) || isLater || isNew
  }

  /** Removes all that has expired before that second. */
  sweep(beforeSeconds: number): void {
    const before = this.size
    for (let slot = 0; slot <= this.#mask; ) {
      const expires = this.#tags[slot] === 0 ? neverSeconds : this.#read(slot * this.#stride + expiryAt) >>> 0
      // What moves into the freed slot is looked at next.
      if (expires !== neverSeconds && expires < beforeSeconds) this.#remove(slot)
      else slot++
    }
    if (this.size < before) this.#fillFilter()
  }

  /** False only where the key is not there. */
  #mayHave(hash: number): boolean {
    const bits = toFilterBits(hash)
    return (this.#readFilter(hash) & bits) === bits
  }

  #readFilter(hash: number): number {
    return this.#filter[(hash >>> segmentBits) & (this.#filter.length - 1)] ?? 0
  }

  #addToFilter(hash: number): void {
    this.#filter[(hash >>> segmentBits) & (this.#filter.length - 1)] =
      this.#readFilter(hash) | toFilterBits(hash)
  }

  #fillFilter(): void {
    this.#filter = new Int32Array(this.slots / slotsPerWord)
    for (let slot = 0; slot <= this.#mask; slot++) {
      if (this.#tags[slot] !== 0) this.#addToFilter(hashAt(this.#cells, slot * this.#stride))
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
  #locate({ a, b, c, d, hash }: UuidKey): number {
    const cells = this.#cells
    const tag = toTag(hash)
    for (let slot = this.#home(hash); ; slot = (slot + 1) & this.#mask) {
      const found = this.#tags[slot]
      if (found === 0) return slot
      if (found !== tag) continue
      const at = slot * this.#stride
      if (cells[at + 3] === d && cells[at + 2] === c && cells[at + 1] === b && cells[at] === a) return slot
    }
  }

  #home(hash: number): number {
    return (hash >>> segmentBits) & this.#mask
  }

  #growIfFull(): boolean {
    if (this.size < this.slots * 0.75) return false
    const [cells, tags, stride] = [this.#cells, this.#tags, this.#stride]
    this.#mask = this.#mask * 2 + 1
    this.#cells = new Int32Array(this.slots * stride)
    this.#tags = new Uint8Array(this.slots)
    for (let old = 0; old < tags.length; old++) {
      if (tags[old] === 0) continue
      const from = old * stride
      let slot = this.#home(hashAt(cells, from))
      while (this.#tags[slot] !== 0) slot = (slot + 1) & this.#mask
      this.#tags[slot] = tags[old] ?? 0
      for (let i = 0; i < stride; i++) this.#cells[slot * stride + i] = cells[from + i] ?? 0
    }
    this.#fillFilter()
    return true
  }

  /** Empties a slot and moves up what had to go past it (Knuth, TAOCP vol. 3, 6.4, algorithm R): no tombstones. */
  #remove(slot: number): void {
    const stride = this.#stride
    let hole = slot
    for (let next = (slot + 1) & this.#mask; this.#tags[next] !== 0; next = (next + 1) & this.#mask) {
      const at = next * stride
      const home = this.#home(hashAt(this.#cells, at))
      if (((next - home) & this.#mask) < ((next - hole) & this.#mask)) continue
      this.#cells.copyWithin(hole * stride, at, at + stride)
      this.#tags[hole] = this.#tags[next] ?? 0
      hole = next
    }
    this.#cells.fill(0, hole * stride, (hole + 1) * stride)
    this.#tags[hole] = 0
    this.size--
  }

  #read(at: number): number {
    return this.#cells[at] ?? 0
  }
}

/** The hash's upper bits, which slots are not chosen by; never 0, which is an empty slot. */
function toTag(hash: number): number {
  return (hash >>> 24) | 1
}

/** Three bits of 32, chosen by a second mixing: the word was chosen by the hash itself. */
function toFilterBits(hash: number): number {
  const mixed = Math.imul(hash, 0x9e3779b1)
  return (1 << (mixed >>> 27)) | (1 << (mixed >>> 22)) | (1 << (mixed >>> 17))
}

function hashAt(cells: Int32Array, at: number): number {
  return hashWords(cells[at] ?? 0, cells[at + 1] ?? 0, cells[at + 2] ?? 0, cells[at + 3] ?? 0)
}
