/** Values by token text, bounded. */
export interface TokenMemory<Value> {
  find(token: string): Value | undefined
  remember(token: string, value: Value): void
}

interface Entry<Value> {
  readonly token: string
  readonly value: Value
}

/** Characters that a key is made of. The last one is left out: it has fewer bits. */
const keyLength = 8

/**
 * Makes a memory of at most `capacity` tokens in two generations: when the young one is full the old one is dropped whole, and what is
 * found in the old one moves to the young. Tokens are looked up by a number made of their end, where the signature is, and compared whole
 * (`===`): equality of a number never stands for equality of a token, and of two with one number the later is remembered.
 */
export function makeTokenMemory<Value>(capacity: number): TokenMemory<Value> {
  const half = Math.floor(capacity / 2)
  let young = new Map<number, Entry<Value>>()
  let old = new Map<number, Entry<Value>>()

  function put(key: number, entry: Entry<Value>): void {
    if (half === 0) return
    if (young.size >= half && !young.has(key)) {
      old = young
      young = new Map()
    }
    young.set(key, entry)
  }

  return {
    find(token) {
      const key = toKey(token)
      const inYoung = young.get(key)
      if (inYoung !== undefined) return inYoung.token === token ? inYoung.value : undefined
      const inOld = old.get(key)
      if (inOld === undefined || inOld.token !== token) return undefined
      put(key, inOld)
      return inOld.value
    },
    remember(token, value) {
      put(toKey(token), { token, value })
    },
  }
}

/** Of characters instead of a piece of the text, whose making and hashing cost three times as much as all of the look-up. */
function toKey(token: string): number {
  const end = token.length - 1
  let key = 0
  for (let at = end - keyLength; at < end; at++) key = (Math.imul(key, 31) + token.charCodeAt(at)) | 0
  return key
}
