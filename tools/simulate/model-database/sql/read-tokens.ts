/** A piece of SQL: a name in quotes, a text, a parameter, a number, a word (keyword or bare name), or a sign. */
export interface Token {
  readonly kind: 'name' | 'text' | 'parameter' | 'number' | 'word' | 'sign' | 'end'
  readonly value: string
}

const kinds = ['name', 'text', 'parameter', 'number', 'word', 'sign'] as const
const pattern =
  /\s*(?:"([^"]+)"|'((?:[^']|'')*)'|\$(\d+)|(\d+(?:\.\d+)?)|([A-Za-z_][A-Za-z0-9_]*)|(::|<=|>=|<>|@>|\|\||->>|->|[-+*/=<>(),.[\]]))/y

/** What is not in the SQL that the model understands: the statement needs a model of its own. */
export class UnknownSqlError extends Error {
  override readonly name = 'UnknownSqlError'
}

/** Reads SQL from left to right. */
export class TokenReader {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(text: string) {
    this.#tokens = readTokens(text)
  }

  get next(): Token {
    return this.#tokens[this.#at] ?? end
  }

  /** The token `ahead` of the next. */
  peek(ahead: number): Token {
    return this.#tokens[this.#at + ahead] ?? end
  }

  take(): Token {
    const token = this.next
    this.#at += 1
    return token
  }

  /** Whether the next tokens are these words and signs; takes them then. */
  accept(...values: readonly string[]): boolean {
    if (!values.every((value, ahead) => isBare(this.peek(ahead), value))) return false
    this.#at += values.length
    return true
  }

  expect(...values: readonly string[]): void {
    if (!this.accept(...values)) throw this.refuse()
  }

  /** A name, in quotes or not. */
  takeName(): string {
    const { kind, value } = this.take()
    if (kind !== 'name' && kind !== 'word') throw this.refuse()
    return value
  }

  refuse(): UnknownSqlError {
    return new UnknownSqlError(`not understood at ${this.next.kind} ${this.next.value}`)
  }
}

const end: Token = Object.freeze({ kind: 'end', value: '' })

function isBare(token: Token, value: string): boolean {
  return (token.kind === 'word' || token.kind === 'sign') && token.value === value
}

function readTokens(text: string): Token[] {
  const tokens: Token[] = []
  pattern.lastIndex = 0
  while (pattern.lastIndex < text.trimEnd().length) {
    const from = pattern.lastIndex
    const match = pattern.exec(text)
    if (match === null) throw new UnknownSqlError(`not understood: ${text.slice(from, from + 20)}`)
    const group = match.slice(1).findIndex((part) => part !== undefined)
    const value = match[group + 1] ?? ''
    const kind = kinds[group] ?? 'sign'
    tokens.push({ kind, value: kind === 'text' ? value.replaceAll("''", "'") : value })
  }
  return tokens
}
