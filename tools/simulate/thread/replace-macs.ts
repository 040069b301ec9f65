import type { KeyObject } from 'node:crypto'
import { createRequire, syncBuiltinESMExports } from 'node:module'

type Text = string | Uint8Array

/** Two states of 32 bits. */
type State = readonly [number, number]

const beginning: State = [0x811c9dc5, 0x5ec2e7]
const macWords = 8

/** By the key object, of which every process has its own. */
const states = new WeakMap<KeyObject, State>()

/**
 * Makes `createHmac` of `node:crypto` give a keyed checksum of 32 bytes: like fast tokens, it says what was made with the same key, and no one in
 * a world forges. A world makes a hundred, and Node's are streams. Idempotent.
 */
export function replaceMacs(): void {
  const crypto = createRequire(import.meta.url)('node:crypto') as { createHmac: unknown }
  crypto.createHmac = (_algorithm: string, key: KeyObject) => new Mac(key)
  syncBuiltinESMExports()
}

class Mac {
  #state: State

  constructor(key: KeyObject) {
    const known = states.get(key)
    this.#state = known ?? add(beginning, key.export())
    if (known === undefined) states.set(key, this.#state)
  }

  update(text: Text): this {
    this.#state = add(this.#state, text)
    return this
  }

  digest(): Buffer
  digest(encoding: BufferEncoding): string
  digest(encoding?: BufferEncoding): Buffer | string {
    const [one, other] = this.#state
    const bytes = Buffer.allocUnsafe(4 * macWords)
    for (let word = 0; word < macWords; word++) bytes.writeInt32LE(mix(one + word, other ^ word), 4 * word)
    return encoding === undefined ? bytes : bytes.toString(encoding)
  }
}

/** FNV-1a, with two primes. */
function add([one, other]: State, text: Text): State {
  let [a, b] = [one, other]
  for (let at = 0; at < text.length; at++) {
    const code = typeof text === 'string' ? text.charCodeAt(at) : (text[at] ?? 0)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x85ebca6b)
  }
  return [a, b]
}

function mix(one: number, other: number): number {
  const half = Math.imul(one ^ (one >>> 15), 0x85ebca77) ^ other
  return Math.imul(half ^ (half >>> 13), 0xc2b2ae3d) | 0
}
