/** One refresh of a family as its caller saw it, on one clock. */
export interface RefreshCall {
  /** The refresh token that was sent. */
  readonly sent: string
  readonly startedAtMs: number
  /** Undefined where no answer came: it may take effect at any time after its start, or never. */
  readonly endedAtMs: number | undefined
  /** The next refresh token; `REFUSED`; undefined where no answer came. */
  readonly answer: string | undefined
}

/** A family between two refreshes: its live leaf, the token before it, and whether it has ended. */
interface Family {
  readonly current: string
  readonly previous: string | undefined
  readonly hasEnded: boolean
}

/** Calls without an answer are few, and a family's calls few; this stops a search that is neither. */
const mostStates = 200_000

/**
 * Says what is wrong with a family's history, if anything: two different successors of one token (T1, T3), or no order of the calls, each
 * between its start and its end, in which one family could have answered so (T12, linearizability). All within the grace. Pure.
 */
export function judgeFamily(first: string, calls: readonly RefreshCall[]): string | undefined {
  const successors = new Map<string, string>()
  for (const { sent, answer } of calls) {
    if (answer === undefined || answer === 'REFUSED') continue
    const known = successors.get(sent)
    if (known !== undefined && known !== answer) return 'a refresh token has two different successors'
    successors.set(sent, answer)
  }
  const sorted = [...calls].sort((a, b) => a.startedAtMs - b.startedAtMs)
  const family = { current: first, previous: undefined, hasEnded: false }
  const search = { calls: sorted, successors, seen: new Set<string>() }
  return canBe(search, 0n, family) ? undefined : 'no order of the calls explains their answers'
}

interface Search {
  readonly calls: readonly RefreshCall[]
  readonly successors: ReadonlyMap<string, string>
  readonly seen: Set<string>
}

/** Whether the calls that are not in `done` can follow on `family`. */
function canBe(search: Search, done: bigint, family: Family): boolean {
  const left = search.calls.flatMap((call, n) => ((done >> BigInt(n)) & 1n ? [] : [{ call, n }]))
  const answered = left.filter(({ call }) => call.endedAtMs !== undefined)
  if (answered.length === 0) return true
  const key = `${done}|${family.current}|${family.previous}|${family.hasEnded}`
  if (search.seen.has(key)) return false
  search.seen.add(key)
  if (search.seen.size > mostStates) throw new RangeError('the history is too long to be judged')
  const firstEndMs = Math.min(...answered.map(({ call }) => call.endedAtMs ?? Number.POSITIVE_INFINITY))
  for (const { call, n } of left) {
    // What began after another had ended comes after it.
    if (call.startedAtMs > firstEndMs) continue
    const { next, answer } = refresh(search, family, call.sent)
    // What changes nothing and was not answered need not have happened.
    if (call.endedAtMs === undefined ? next === family : answer !== call.answer) continue
    if (canBe(search, done | (1n << BigInt(n)), next)) return true
  }
  return false
}

/** What the protocol does (protocols.md §3), within the grace and for one client. */
function refresh({ successors }: Search, family: Family, sent: string): { next: Family; answer: string } {
  if (family.hasEnded) return { next: family, answer: 'REFUSED' }
  if (sent === family.current) {
    // One that nobody was told cannot be sent by anybody either.
    const current = successors.get(sent) ?? `unseen after ${sent}`
    return { next: { current, previous: sent, hasEnded: false }, answer: current }
  }
  if (sent === family.previous) return { next: family, answer: family.current }
  return { next: { ...family, hasEnded: true }, answer: 'REFUSED' }
}
