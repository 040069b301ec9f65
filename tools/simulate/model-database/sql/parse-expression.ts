import { add, compare, type Expression, isEqual, isSame, type Resolve, subtract } from './expression.ts'
import { findFunction } from './functions.ts'
import type { TokenReader } from './read-tokens.ts'

/** Parses an expression as PostgreSQL's precedence has it, as far as the service's simple statements need it. */
export function parseExpression(reader: TokenReader, resolve: Resolve): Expression {
  const left = parseAnd(reader, resolve)
  if (!reader.accept('or')) return left
  const right = parseExpression(reader, resolve)
  return (row, at) => {
    const first = left(row, at)
    if (first === true) return true
    const second = right(row, at)
    return second === true ? true : first === null || second === null ? null : false
  }
}

function parseAnd(reader: TokenReader, resolve: Resolve): Expression {
  const left = parseConjunct(reader, resolve)
  if (!reader.accept('and')) return left
  const right = parseAnd(reader, resolve)
  return (row, at) => {
    const first = left(row, at)
    if (first === false) return false
    const second = right(row, at)
    return second === false ? false : first === null || second === null ? null : true
  }
}

/** One of the conditions that `and` connects. */
export function parseConjunct(reader: TokenReader, resolve: Resolve): Expression {
  if (!reader.accept('not')) return parseComparison(reader, resolve)
  const value = parseConjunct(reader, resolve)
  return (row, at) => negate(value(row, at))
}

const negate = (value: unknown) => (value === null ? null : !value)

const comparisons: Readonly<Record<string, (a: unknown, b: unknown) => boolean | null>> = Object.freeze({
  '=': isEqual,
  '<>': (a, b) => negate(isEqual(a, b)),
  '<': (a, b) => toTruth(compare(a, b), (n) => n < 0),
  '<=': (a, b) => toTruth(compare(a, b), (n) => n <= 0),
  '>': (a, b) => toTruth(compare(a, b), (n) => n > 0),
  '>=': (a, b) => toTruth(compare(a, b), (n) => n >= 0),
  '@>': (a, b) => (Array.isArray(a) && Array.isArray(b) ? b.every((one) => a.includes(one)) : null),
})

function toTruth(order: number | null, holds: (order: number) => boolean): boolean | null {
  return order === null ? null : holds(order)
}

function parseComparison(reader: TokenReader, resolve: Resolve): Expression {
  const left = parseSum(reader, resolve)
  if (reader.accept('is')) return parseIs(reader, resolve, left)
  if (reader.accept('in', '(')) {
    const list = parseList(reader, resolve)
    return (row, at) => {
      const value = left(row, at)
      return value === null ? null : list.some((one) => isEqual(one(row, at), value) === true)
    }
  }
  if (reader.accept('between')) {
    const low = parseSum(reader, resolve)
    reader.expect('and')
    const high = parseSum(reader, resolve)
    return (row, at) => {
      const [from, to] = [compare(left(row, at), low(row, at)), compare(left(row, at), high(row, at))]
      return from === null || to === null ? null : from >= 0 && to <= 0
    }
  }
  if (reader.accept('like')) {
    const pattern = parseSum(reader, resolve)
    return (row, at) => toPattern(String(pattern(row, at))).test(String(left(row, at)))
  }
  const { kind, value: sign } = reader.next
  const holds = kind === 'sign' ? comparisons[sign] : undefined
  if (holds === undefined) return left
  reader.take()
  if (reader.accept('any', '(')) {
    const [list] = parseList(reader, resolve)
    return (row, at) => {
      const values = list?.(row, at)
      return Array.isArray(values) && values.some((one) => holds(left(row, at), one) === true)
    }
  }
  const right = parseSum(reader, resolve)
  return (row, at) => holds(left(row, at), right(row, at))
}

/** What `like` means by a pattern. */
function toPattern(text: string): RegExp {
  const parts = text.matchAll(/\\?(.)/gsu)
  const toSource = ([whole, sign = '']: RegExpExecArray) =>
    whole === '%' ? '.*' : whole === '_' ? '.' : RegExp.escape(sign)
  return new RegExp(`^${[...parts].map(toSource).join('')}$`, 'su')
}

function parseIs(reader: TokenReader, resolve: Resolve, left: Expression): Expression {
  const isNegated = reader.accept('not')
  if (reader.accept('null')) return (row, at) => (left(row, at) === null) !== isNegated
  reader.expect('distinct', 'from')
  const right = parseSum(reader, resolve)
  return (row, at) => isSame(left(row, at), right(row, at)) === isNegated
}

/** An operand of a comparison. */
export function parseSum(reader: TokenReader, resolve: Resolve): Expression {
  let left = parseProduct(reader, resolve)
  for (;;) {
    const before = left
    if (reader.accept('+')) {
      const right = parseProduct(reader, resolve)
      left = (row, at) => add(before(row, at), right(row, at))
    } else if (reader.accept('-')) {
      const right = parseProduct(reader, resolve)
      left = (row, at) => subtract(before(row, at), right(row, at))
    } else return left
  }
}

function parseProduct(reader: TokenReader, resolve: Resolve): Expression {
  let left = parseCast(reader, resolve)
  while (reader.accept('*')) {
    const [before, right] = [left, parseCast(reader, resolve)]
    left = (row, at) => Number(before(row, at)) * Number(right(row, at))
  }
  return left
}

function parseCast(reader: TokenReader, resolve: Resolve): Expression {
  let value = parsePrimary(reader, resolve)
  while (reader.accept('::')) {
    const type = reader.takeName()
    while (reader.accept('[')) reader.expect(']')
    const before = value
    if (/^(integer|bigint|float8|smallint)$/.test(type)) {
      value = (row, at) => toNumber(before(row, at))
    }
  }
  return value
}

const toNumber = (value: unknown) => (typeof value === 'string' ? Number(value) : value)

const unitsMs: Readonly<Record<string, number>> = Object.freeze({
  millisecond: 1,
  second: 1000,
  hour: 3_600_000,
})

function parsePrimary(reader: TokenReader, resolve: Resolve): Expression {
  const { kind, value } = reader.take()
  if (kind === 'parameter') return (_row, { parameters }) => parameters[Number(value) - 1] ?? null
  if (kind === 'number') return constant(Number(value))
  if (kind === 'text') return constant(value)
  if (value === '(' && kind === 'sign') return parseParenthesis(reader, resolve)
  if (kind === 'sign' || kind === 'end') throw reader.refuse()
  if (kind === 'word') {
    if (value === 'null') return constant(null)
    if (value === 'true' || value === 'false') return constant(value === 'true')
    if (value === 'interval') return parseInterval(reader)
    if (value === 'case') return parseCase(reader, resolve)
    if (value === 'array' && reader.accept('[')) {
      const list = parseList(reader, resolve, ']')
      return (row, at) => list.map((one) => one(row, at))
    }
    if (reader.accept('(')) return parseCall(reader, resolve, value)
  }
  const [qualifier, name] = reader.accept('.') ? [value, reader.takeName()] : [undefined, value]
  const found = resolve(qualifier, name)
  if (found === undefined) throw reader.refuse()
  return found
}

function constant(value: unknown): Expression {
  return () => value
}

/** Parentheses, or a row constructor. */
function parseParenthesis(reader: TokenReader, resolve: Resolve): Expression {
  const list = parseList(reader, resolve)
  const [only] = list
  if (list.length === 1 && only) return only
  return (row, at) => list.map((one) => one(row, at))
}

function parseInterval(reader: TokenReader): Expression {
  const [amount = '', unit = ''] = reader.take().value.split(' ')
  const unitMs = unitsMs[unit.replace(/s$/, '')]
  if (unitMs === undefined) throw reader.refuse()
  return constant(Number(amount) * unitMs)
}

function parseCase(reader: TokenReader, resolve: Resolve): Expression {
  const branches: (readonly [Expression, Expression])[] = []
  while (reader.accept('when')) {
    const condition = parseExpression(reader, resolve)
    reader.expect('then')
    branches.push([condition, parseExpression(reader, resolve)])
  }
  const otherwise = reader.accept('else') ? parseExpression(reader, resolve) : constant(null)
  reader.expect('end')
  return (row, at) => {
    const branch = branches.find(([condition]) => condition(row, at) === true)
    return (branch?.[1] ?? otherwise)(row, at)
  }
}

function parseCall(reader: TokenReader, resolve: Resolve, name: string): Expression {
  const make = findFunction(name)
  if (make === undefined) throw reader.refuse()
  return make(reader.accept(')') ? [] : parseList(reader, resolve))
}

/** Expressions up to the closing parenthesis, or bracket. */
export function parseList(reader: TokenReader, resolve: Resolve, end = ')'): Expression[] {
  const list: Expression[] = []
  do list.push(parseExpression(reader, resolve))
  while (reader.accept(','))
  reader.expect(end)
  return list
}
