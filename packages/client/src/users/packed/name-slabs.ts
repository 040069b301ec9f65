/** The names of a user. */
export interface Names {
  readonly username: string
  readonly displayName: string
}

interface Slab {
  readonly bytes: Buffer
  /** The same memory, for what stands before names. */
  readonly words: Int32Array
  used: number
  /** Bytes of names that nobody has any more. */
  dead: number
}

const [slabBits, unitBits] = [16, 3]
const slabBytes = 1 << slabBits
const unit = 1 << unitBits
// A place is a word: a slab's number, and where in it names begin, in units.
const placeBits = slabBits - unitBits
const placeMask = (1 << placeBits) - 1
// The words before the bytes of names: whose they are, how many are the username's, how many the display name's.
const [ownerAt, usernameAt, displayNameAt, headerWords] = [0, 1, 2, 3]
const wordBits = 2
const headerBytes = headerWords << wordBits
/** Of names that nobody has any more; owners are counted from 1. */
const nobody = 0
/** Most people are called as their account is. */
const sameName = -1
/** UTF-8 takes no more for a unit of UTF-16. */
const bytesPerUnit = 3

/**
 * Names as UTF-8 in slabs of 64 KB, up to 32 GB of them. What is released is overwritten at once, for it is personal. A slab most of which is dead
 * is given up: what lives in it moves, and `onMove` is told to which place. So about half of all may be dead, and no step takes longer than a slab.
 */
export class NameSlabs {
  readonly #onMove: (owner: number, place: number) => void
  readonly #allocate: (bytes: number) => ArrayBuffer
  /** By number; undefined where one was given up. */
  readonly #slabs: (Slab | undefined)[] = []
  readonly #free: number[] = []
  #current = -1

  constructor(
    onMove: (owner: number, place: number) => void,
    allocate: (bytes: number) => ArrayBuffer = (bytes) => new ArrayBuffer(bytes),
  ) {
    this.#onMove = onMove
    this.#allocate = allocate
  }

  get bytes(): number {
    return this.#slabs.reduce((all, slab) => all + (slab?.bytes.length ?? 0), 0)
  }

  /** Keeps names; returns their place. `owner` is above 0. */
  add(owner: number, { username, displayName }: Names): number {
    const slab = this.#reserve(headerBytes + (username.length + displayName.length) * bytesPerUnit)
    const { bytes, used, words } = slab
    const from = used + headerBytes
    const usernameBytes = bytes.write(username, from)
    const isSame = username === displayName
    const displayNameBytes = isSame ? 0 : bytes.write(displayName, from + usernameBytes)
    const header = used >>> wordBits
    words[header + ownerAt] = owner
    words[header + usernameAt] = usernameBytes
    words[header + displayNameAt] = isSame ? sameName : displayNameBytes
    slab.used += toSize(words, used)
    return this.#toPlace(used)
  }

  read(place: number): Names {
    const { bytes, words } = this.#slabAt(place)
    const at = toOffset(place)
    const header = at >>> wordBits
    const from = at + headerBytes
    const end = from + (words[header + usernameAt] as number)
    const displayNameBytes = words[header + displayNameAt] as number
    const username = bytes.toString('utf8', from, end)
    const isSame = displayNameBytes === sameName
    return { username, displayName: isSame ? username : bytes.toString('utf8', end, end + displayNameBytes) }
  }

  /** Forgets the names at a place. */
  release(place: number): void {
    const slab = this.#slabAt(place)
    const at = toOffset(place)
    const size = toSize(slab.words, at)
    slab.bytes.fill(0, at, at + size)
    // Whoever goes through the slab has to find the next ones.
    slab.words[(at >>> wordBits) + usernameAt] = size - headerBytes
    slab.dead += size
    const number = place >>> placeBits
    if (number !== this.#current) this.#giveUpIfDead(number)
  }

  /** A slab with so much room, which is then the current one. */
  #reserve(bytes: number): Slab {
    const current = this.#slabs[this.#current]
    if (current !== undefined && hasRoom(current, bytes)) return current
    const full = this.#current
    const memory = this.#allocate(Math.max(slabBytes, toWhole(bytes)))
    const slab = { bytes: Buffer.from(memory), words: new Int32Array(memory), used: 0, dead: 0 }
    this.#current = this.#free.pop() ?? this.#slabs.length
    this.#slabs[this.#current] = slab
    if (current !== undefined) this.#giveUpIfDead(full)
    // What moved out of the full one may have taken the room.
    return this.#reserve(bytes)
  }

  #giveUpIfDead(number: number): void {
    const { bytes, dead, used, words } = this.#slabs[number] as Slab
    if (dead * 2 <= bytes.length) return
    for (let at = 0; at < used; ) {
      const size = toSize(words, at)
      const owner = words[(at >>> wordBits) + ownerAt] as number
      if (owner !== nobody) this.#move(bytes.subarray(at, at + size), owner)
      at += size
    }
    bytes.fill(0)
    this.#slabs[number] = undefined
    this.#free.push(number)
  }

  #move(names: Buffer, owner: number): void {
    const slab = this.#reserve(names.length)
    names.copy(slab.bytes, slab.used)
    this.#onMove(owner, this.#toPlace(slab.used))
    slab.used += names.length
  }

  #toPlace(at: number): number {
    return (this.#current << placeBits) | (at >>> unitBits)
  }

  #slabAt(place: number): Slab {
    return this.#slabs[place >>> placeBits] as Slab
  }
}

/** Names that are longer than a slab have one of their own, of which the rest cannot be told by a place. */
function hasRoom({ used, bytes }: Slab, wanted: number): boolean {
  return used + wanted <= (used === 0 ? bytes.length : slabBytes)
}

function toOffset(place: number): number {
  return (place & placeMask) << unitBits
}

/** Of the names there, in whole units, with what stands before them. */
function toSize(words: Int32Array, at: number): number {
  const header = at >>> wordBits
  const displayNameBytes = words[header + displayNameAt] as number
  const bytes = headerBytes + (words[header + usernameAt] as number)
  return toWhole(bytes + (displayNameBytes === sameName ? 0 : displayNameBytes))
}

function toWhole(bytes: number): number {
  return (bytes + unit - 1) & -unit
}
