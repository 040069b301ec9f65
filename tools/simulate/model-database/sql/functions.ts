import { compare, type Expression } from './expression.ts'

type MakeCall = (parameters: readonly Expression[]) => Expression

/** The functions that simple statements of the service call. */
const functions: Readonly<Record<string, MakeCall>> = Object.freeze({
  clock_timestamp: () => (_row, at) => at.readClock(),
  statement_timestamp: () => (_row, at) => at.startedAt,
  now: () => (_row, at) => at.transaction.startedAt,
  least: (all) => (row, at) => pick(all, (one) => one(row, at), -1),
  greatest: (all) => (row, at) => pick(all, (one) => one(row, at), 1),
  coalesce: (all) => (row, at) => {
    for (const one of all) {
      const value = one(row, at)
      if (value !== null) return value
    }
    return null
  },
  date_trunc:
    ([unit, instant]) =>
    (row, at) => {
      const sizeMs = unit?.(row, at) === 'second' ? 1000 : Number.NaN
      return new Date(Math.floor(Number(instant?.(row, at)) / sizeMs) * sizeMs)
    },
  split_part:
    ([text, by, place]) =>
    (row, at) => {
      const [whole, sign, n] = [text?.(row, at), by?.(row, at), place?.(row, at)]
      return whole === null ? null : (String(whole).split(String(sign))[Number(n) - 1] ?? '')
    },
})

/** The function of a name, or undefined. */
export function findFunction(name: string): MakeCall | undefined {
  return Object.hasOwn(functions, name) ? functions[name] : undefined
}

function pick(all: readonly Expression[], read: (one: Expression) => unknown, sign: number): unknown {
  let picked: unknown = null
  for (const one of all) {
    const value = read(one)
    if (value !== null && (picked === null || sign * (compare(value, picked) ?? 0) > 0)) picked = value
  }
  return picked
}
