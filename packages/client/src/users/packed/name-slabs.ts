/** The names of a user. */
export interface Names {
  readonly username: string
  readonly displayName: string
}

const slabBytes = 64 * 1024
// Before the bytes of names: whose they are, how many are the username's, how many the display name's.
const [ownerAt, usernameAt, displayNameAt, headerBytes] = [0, 4, 8, 12]
/** Of names that nobody has any more; owners are counted from 1. */
const nobody = 0
/** Most people are called as their account is. */
const sameName = 0xffff_ffff
/** UTF-8 takes no more for a unit of UTF-16. */
const bytesPerUnit = 3

interface Slab {
  readonly bytes: Buffer
  used: number
  /** Bytes of names that nobody has any more. */
  dead: number
}

/**
 * Names as UTF-8 in slabs of 64 KB. What is released is overwritten at once, for it is personal. A slab most of which is dead is given up: what
 * lives in it moves, and `onMove` is told to which place. So at most about half of all is dead, and no single step takes longer than one slab.
 */
export class NameSlabs {
  readonly #onMove: (owner: number, place: number) => void
  /** By number; undefined where one was given up. A place is a slab's number and where in it. */
  readonly #slabs: (Slab | undefined)[] = []
  readonly #free: number[] = []
  #current = -1

  constructor(onMove: (owner: number, place: number) => void) {
    this.#onMove = onMove
  }

  get bytes(): number {
    return this.#slabs.reduce((all, slab) => all + (slab?.bytes.length ?? 0), 0)
  }

  /** Keeps names; returns their place. `owner` is a number above 0. */
  add(owner: number, { username, displayName }: Names): number {
    const slab = this.#reserve(headerBytes + (username.length + displayName.length) * bytesPerUnit)
    const { bytes, used } = slab
    const usernameBytes = bytes.write(username, used + headerBytes)
    const isSame = username === displayName
    const displayNameBytes = isSame ? 0 : bytes.write(displayName, used + headerBytes + usernameBytes)
    bytes.writeUInt32LE(owner, used + ownerAt)
    bytes.writeUInt32LE(usernameBytes, used + usernameAt)
    bytes.writeUInt32LE(isSame ? sameName : displayNameBytes, used + displayNameAt)
    slab.used += headerBytes + usernameBytes + displayNameBytes
    return this.#current * slabBytes + used
  }

  read(place: number): Names {
    const { bytes } = this.#slabAt(place)
    const at = place % slabBytes
    const from = at + headerBytes
    const end = from + bytes.readUInt32LE(at + usernameAt)
    const displayNameBytes = bytes.readUInt32LE(at + displayNameAt)
    const username = bytes.toString('utf8', from, end)
    const isSame = displayNameBytes === sameName
    return { username, displayName: isSame ? username : bytes.toString('utf8', end, end + displayNameBytes) }
  }

  /** Forgets the names at a place. */
  release(place: number): void {
    const slab = this.#slabAt(place)
    const at = place % slabBytes
    const size = toSize(slab.bytes, at)
    slab.bytes.fill(0, at, at + size)
    // Whoever goes through the slab has to find the next ones.
    slab.bytes.writeUInt32LE(size - headerBytes, at + usernameAt)
    slab.dead += size
    const number = Math.floor(place / slabBytes)
    if (number !== this.#current) this.#giveUpIfDead(number)
  }

  /** A slab with so much room, which is then the current one. */
  #reserve(bytes: number): Slab {
    const current = this.#slabs[this.#current]
    if (current !== undefined && current.used + bytes <= current.bytes.length) return current
    const full = this.#current
    const slab = { bytes: Buffer.alloc(Math.max(slabBytes, bytes)), used: 0, dead: 0 }
    this.#current = this.#free.pop() ?? this.#slabs.length
    this.#slabs[this.#current] = slab
    if (current !== undefined) this.#giveUpIfDead(full)
    // What was given up may have filled it again.
    return this.#reserve(bytes)
  }

  #giveUpIfDead(number: number): void {
    const { bytes, dead, used } = this.#slabs[number] as Slab
    if (dead * 2 <= bytes.length) return
    for (let at = 0; at < used; at += toSize(bytes, at)) {
      const owner = bytes.readUInt32LE(at + ownerAt)
      if (owner !== nobody) this.#move(bytes.subarray(at, at + toSize(bytes, at)), owner)
    }
    bytes.fill(0)
    this.#slabs[number] = undefined
    this.#free.push(number)
  }

  #move(names: Buffer, owner: number): void {
    const slab = this.#reserve(names.length)
    names.copy(slab.bytes, slab.used)
    this.#onMove(owner, this.#current * slabBytes + slab.used)
    slab.used += names.length
  }

  #slabAt(place: number): Slab {
    return this.#slabs[Math.floor(place / slabBytes)] as Slab
  }
}

/** Of the names at a place of a slab, with what stands before them. */
function toSize(bytes: Buffer, at: number): number {
  const displayNameBytes = bytes.readUInt32LE(at + displayNameAt)
  return (
    headerBytes + bytes.readUInt32LE(at + usernameAt) + (displayNameBytes === sameName ? 0 : displayNameBytes)
  )
}
