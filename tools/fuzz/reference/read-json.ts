/** JSON as it stands in the text: objects keep every member, in order, repeated ones too. */
export type Json = null | boolean | number | string | readonly Json[] | JsonMembers

/** An object of JSON. */
export class JsonMembers {
  readonly members: [name: string, value: Json][] = []

  /** The last member of that name, as most readers see it. */
  get(name: string): Json | undefined {
    return this.members.findLast(([other]) => other === name)?.[1]
  }

  has(name: string): boolean {
    return this.members.some(([other]) => other === name)
  }
}

/** What was read, and whether every object in it has each name once, and whether nothing follows. */
export interface ReadJson {
  readonly value: Json
  readonly namesOnce: boolean
  readonly ends: boolean
}

/** RFC 8259 §7: any character but quote, backslash and controls, or an escape. */
const text = '"(?:[ !#-[\\]-\\uffff]|\\\\(?:["\\\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
/** RFC 8259 §6 */
const number = '-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?'
const token = new RegExp(`[ \\t\\n\\r]*(?:([{}[\\]:,])|(${text})|(${number})|(true|false|null))`, 'y')
const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

type State = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or }' | ', or ]' | 'end'

/**
 * Reads one value of RFC 8259 §2 by its grammar, token by token, without JSON.parse; undefined where the text is not JSON. Iterative, slow,
 * and written to be compared with.
 */
export function readJson(text: string): ReadJson | undefined {
  const reader = new Reader()
  let at = 0
  while (reader.state !== 'end') {
    token.lastIndex = at
    const found = token.exec(text)
    if (found === null || !reader.take(found)) return undefined
    at = token.lastIndex
  }
  const ends = /^[ \t\n\r]*$/.test(text.slice(at))
  return { value: reader.root, namesOnce: reader.namesOnce, ends }
}

class Reader {
  state: State = 'value'
  root: Json = null
  namesOnce = true
  readonly #open: { readonly container: JsonMembers | Json[]; readonly names: Set<string> }[] = []
  #name = ''

  /** Whether the token may stand here. */
  take([, sign, text, number, word]: RegExpExecArray): boolean {
    const { state } = this
    if (sign === ':') return this.#go(state === ':', 'value')
    if (sign === ',')
      return state === ', or }' ? this.#go(true, 'name') : this.#go(state === ', or ]', 'value')
    if (sign === '}') return (state === ', or }' || state === 'name or }') && this.#close()
    if (sign === ']') return (state === ', or ]' || state === 'value or ]') && this.#close()
    if (text !== undefined && (state === 'name' || state === 'name or }')) return this.#takeName(text)
    if (state !== 'value' && state !== 'value or ]') return false
    if (sign !== undefined) return this.#enter(sign)
    if (text !== undefined) return this.#add(toText(text))
    if (number !== undefined) return this.#add(Number(number))
    return this.#add(word === 'null' ? null : word === 'true')
  }

  #go(isAllowed: boolean, next: State): boolean {
    this.state = next
    return isAllowed
  }

  #takeName(text: string): boolean {
    const names = this.#open.at(-1)?.names
    this.#name = toText(text)
    if (names?.has(this.#name)) this.namesOnce = false
    names?.add(this.#name)
    return this.#go(true, ':')
  }

  #enter(sign: string): boolean {
    const container = sign === '{' ? new JsonMembers() : []
    this.#add(container)
    this.#open.push({ container, names: new Set() })
    return this.#go(true, sign === '{' ? 'name or }' : 'value or ]')
  }

  #add(value: Json): boolean {
    const container = this.#open.at(-1)?.container
    if (container === undefined) this.root = value
    else if (container instanceof JsonMembers) container.members.push([this.#name, value])
    else container.push(value)
    return this.#afterValue()
  }

  #close(): boolean {
    this.#open.pop()
    return this.#afterValue()
  }

  #afterValue(): boolean {
    const container = this.#open.at(-1)?.container
    const isObject = container instanceof JsonMembers
    return this.#go(true, container === undefined ? 'end' : isObject ? ', or }' : ', or ]')
  }
}

function toText(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, sign: string) =>
      code === undefined ? (escapes[sign] ?? sign) : String.fromCharCode(Number.parseInt(code, 16)),
    )
}
