const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A JSON object whose members are not yet checked. */
export type JsonObject = Readonly<Record<string, unknown>>

/**
 * Parses a JSON object from UTF-8 text or bytes; undefined for invalid UTF-8, a byte order mark, anything but an object, and an object
 * that repeats a member name at any depth (RFC 7515 §4 and RFC 7519 §4: names must be unique, so that no two readers see two tokens).
 */
export function parseJsonObject(source: string | Uint8Array): JsonObject | undefined {
  try {
    const text = typeof source === 'string' ? source : utf8.decode(source)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return isAsWritten(value, text) || !repeatsName(text) ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}

/** Whether the text is what writing the value gives: then it says nothing that the value does not, no name twice. Most texts are. */
function isAsWritten(value: object, text: string): boolean {
  try {
    return JSON.stringify(value) === text
  } catch {
    // Written recursively, unlike read: what is nested too deep for that is looked at by hand.
    return false
  }
}

/** Whether valid JSON text has an object with the same name twice. Iterative: depth is the sender's choice. */
function repeatsName(text: string): boolean {
  const open: (Set<string> | undefined)[] = []
  let names: Set<string> | undefined
  let expectsName = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
        open.push(names)
        names = new Set()
        expectsName = true
        break
      case 0x5b: // [
        open.push(names)
        names = undefined
        expectsName = false
        break
      case 0x7d: // }
      case 0x5d: // ]
        names = open.pop()
        expectsName = false
        break
      case 0x2c: // ,
        expectsName = names !== undefined
        break
      case 0x22: {
        const end = endOfString(text, at)
        if (expectsName && names !== undefined) {
          const name = readName(text, at, end)
          if (names.has(name)) return true
          names.add(name)
          expectsName = false
        }
        at = end
      }
    }
  }
  return false
}

/** Where the string that starts at `start` has its closing quote. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++
  return backslashes % 2 === 1
}

/** The name between the quotes, with escapes undone: `"a"` and `"\u0061"` are one name. */
function readName(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end)
  return raw.includes('\\') ? (JSON.parse(text.slice(start, end + 1)) as string) : raw
}
