import type * as Crypto from 'node:crypto'
import { KeyObject } from 'node:crypto'
import { createRequire, syncBuiltinESMExports } from 'node:module'

type Replaced = Pick<typeof Crypto, 'createPrivateKey' | 'createPublicKey' | 'hkdfSync' | 'randomBytes'>

const poolBytes = 16_384
let isDone = false

/**
 * Makes `node:crypto` remember the keys that it has read or derived, and take random bytes from a store: all worlds of a thread have the same
 * keys, and each of their processes reads them anew, which would be a tenth of the work. Idempotent.
 */
export function rememberKeys(): void {
  if (isDone) return
  isDone = true
  const crypto = createRequire(import.meta.url)('node:crypto') as {
    -readonly [Name in keyof Replaced]: unknown
  }
  const { createPrivateKey, createPublicKey, hkdfSync, randomBytes } = crypto as Replaced
  crypto.createPrivateKey = remembered(createPrivateKey)
  crypto.createPublicKey = remembered((...args: Parameters<typeof createPublicKey>) =>
    rememberExports(createPublicKey(...args)),
  )
  crypto.hkdfSync = remembered(hkdfSync)
  crypto.randomBytes = makeStoredBytes(randomBytes)
  syncBuiltinESMExports()
}

/** The same arguments, the same object. Only for arguments that JSON tells apart, so not for keys that have been read already. */
function remembered<Args extends unknown[], Result>(
  read: (...args: Args) => Result,
): (...args: Args) => Result {
  const known = new Map<string, Result>()
  return (...args) => {
    const name = JSON.stringify(args, refuseKeys)
    const before = known.get(name)
    if (before !== undefined) return before
    const result = read(...args)
    known.set(name, result)
    return result
  }
}

function refuseKeys(_name: string, value: unknown): unknown {
  if (value instanceof KeyObject)
    throw new TypeError('a key that has been read already cannot be remembered by what it is')
  return value
}

function rememberExports(key: KeyObject): KeyObject {
  const remember = { value: remembered(key.export.bind(key)) }
  return Object.defineProperty(key, 'export', remember)
}

function makeStoredBytes(randomBytes: (size: number) => Buffer): (size: number) => Buffer {
  let store: Buffer = Buffer.alloc(0)
  let at = 0
  return (size) => {
    if (size > poolBytes / 64) return randomBytes(size)
    if (at + size > store.length) {
      store = randomBytes(poolBytes)
      at = 0
    }
    at += size
    return store.subarray(at - size, at)
  }
}
