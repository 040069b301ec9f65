/** The events that are committed and not handled yet. */
export interface Unhandled {
  /** Committed so far. */
  readonly total: number
  /** Of them not handled yet. */
  readonly size: number
  committed(ids: readonly string[]): void
  /** Any number of times for the same event, also before its commit is answered. */
  handled(id: string): void
}

/** Makes the account of one run. */
export function makeUnhandled(): Unhandled {
  const waiting = new Set<string>()
  /** Handled before the commit's answer was seen, or again. */
  const early = new Set<string>()
  let total = 0
  return {
    get total() {
      return total
    },
    get size() {
      return waiting.size
    },
    committed(ids) {
      total += ids.length
      for (const id of ids) if (!early.delete(id)) waiting.add(id)
    },
    handled(id) {
      if (!waiting.delete(id)) early.add(id)
    },
  }
}
