/** Values by token text, bounded. */
export interface TokenMemory<Value> {
  find(token: string): Value | undefined
  remember(token: string, value: Value): void
}

interface Entry<Value> {
  readonly token: string
  readonly value: Value
}

/** 43 base64url characters carry 258 bits of the signature. */
const keyLength = 43

/**
 * Makes a memory of at most `capacity` tokens in two generations: when the young one is full the old one is dropped whole, and what is
 * found in the old one moves to the young. Tokens are keyed by their last 43 characters and compared whole (`===`): equality of a hash
 * never stands for equality of a token.
 */
export function makeTokenMemory<Value>(capacity: number): TokenMemory<Value> {
  const half = Math.floor(capacity / 2)
  let young = new Map<string, Entry<Value>>()
  let old = new Map<string, Entry<Value>>()

  function put(key: string, entry: Entry<Value>): void {
    if (half === 0) return
    if (young.size >= half && !young.has(key)) {
      old = young
      young = new Map()
    }
    young.set(key, entry)
  }

  return {
    find(token) {
      const key = token.slice(-keyLength)
      const inYoung = young.get(key)
      if (inYoung !== undefined) return inYoung.token === token ? inYoung.value : undefined
      const inOld = old.get(key)
      if (inOld === undefined || inOld.token !== token) return undefined
      put(key, inOld)
      return inOld.value
    },
    remember(token, value) {
      put(token.slice(-keyLength), { token, value })
    },
  }
}
