import type { Operation } from './records.ts'

/** How a family stands at the end, in the database. */
export interface FamilyEnd {
  readonly generation: number
  readonly isEnded: boolean
  /** Events `refresh_token_reused`. */
  readonly thefts: number
}

/** What the rules of refreshing need to know. */
export interface FamilyRules {
  readonly refreshGraceMs: number
  readonly refreshIdleMs: number
  readonly refreshMaxMs: number
}

/** The register: a family at one moment. */
interface Family {
  readonly generation: number
  readonly isEnded: boolean
  readonly thefts: number
  readonly opened: Operation | undefined
  /** What made the present generation. */
  readonly rotated: Operation | undefined
}

const nothing: Family = { generation: 0, isEnded: false, thefts: 0, opened: undefined, rotated: undefined }
/** Clocks of database and world drift, and tell whole milliseconds. */
export const toleranceMs = 5
const stepsMax = 50_000

/**
 * An order of the operations that one register could have gone through, each somewhere between its beginning and its end, with the answers
 * that were given, to the end that was found; undefined where there is none. Operations without an answer may have had their effect, or
 * not. Gives up after many steps, and takes that as an order.
 */
export function findLinearization(
  operations: readonly Operation[],
  end: FamilyEnd,
  rules: FamilyRules,
): readonly Operation[] | undefined {
  const seen = new Set<string>()
  let steps = 0
  const go = (
    family: Family,
    left: readonly Operation[],
    done: readonly Operation[],
  ): readonly Operation[] | undefined => {
    if (++steps > stepsMax) return done
    if (left.every(({ outcome }) => outcome === 'UNKNOWN') && isEnd(family, end)) return done
    const key = `${family.generation} ${family.isEnded} ${family.thefts} ${family.opened?.id} ${family.rotated?.id} ${left.map(({ id }) => id).join()}`
    if (seen.has(key)) return undefined
    seen.add(key)
    const firstEndMs = Math.min(...left.map(({ endMs }) => endMs))
    for (const operation of left) {
      if (operation.startMs > firstEndMs) continue
      const rest = left.filter((one) => one !== operation)
      for (const next of listNext(family, operation, rules)) {
        const order = go(next, rest, [...done, operation])
        if (order !== undefined) return order
      }
    }
    return undefined
  }
  return go(nothing, operations, [])
}

function isEnd(family: Family, end: FamilyEnd): boolean {
  return (
    family.generation === end.generation && family.isEnded === end.isEnded && family.thefts === end.thefts
  )
}

/** What the family may be after an operation that answered as it did. */
function listNext(family: Family, operation: Operation, rules: FamilyRules): Family[] {
  if (operation.kind === 'login') {
    return operation.outcome === 'OK'
      ? [{ ...nothing, generation: 1, opened: operation, rotated: operation }]
      : []
  }
  // Of a session that is not there yet nothing can be ended.
  if (family.opened === undefined) return operation.kind === 'refresh' ? [] : [family]
  if (operation.kind !== 'refresh') return [{ ...family, isEnded: true }]
  return listRefreshed(family, operation, rules)
}

function listRefreshed(family: Family, operation: Operation, rules: FamilyRules): Family[] {
  const { given, outcome } = operation
  const presented = operation.presented?.generation ?? 0
  const next: Family[] = []
  const isOpen = !family.isEnded && !isCertainlyExpired(family, operation, rules)
  if (outcome !== 'OK' && (family.isEnded || mayBeExpired(family, operation, rules))) next.push(family)
  if (!isOpen) return next
  if (presented === family.generation) {
    const isGiven = outcome === 'UNKNOWN' || given?.generation === family.generation + 1
    if (isGiven) next.push({ ...family, generation: family.generation + 1, rotated: operation })
    return next
  }
  const { mayRepeat, mayBeTheft } = judgeOld(family, operation, presented, rules)
  if (
    mayRepeat &&
    outcome !== 'INVALID' &&
    (outcome === 'UNKNOWN' || given?.generation === family.generation)
  ) {
    next.push(family)
  }
  if (mayBeTheft && outcome !== 'OK') next.push({ ...family, isEnded: true, thefts: family.thefts + 1 })
  return next
}

/** Within the grace, after it, or where both could be. */
function judgeOld(family: Family, operation: Operation, presented: number, rules: FamilyRules) {
  const { rotated } = family
  const isLast = presented === family.generation - 1 && rotated?.client === operation.client
  if (!isLast || rotated === undefined) return { mayRepeat: false, mayBeTheft: true }
  const leastMs = Math.max(0, operation.startMs - rotated.endMs)
  const mostMs = operation.endMs - rotated.startMs
  return {
    mayRepeat: rules.refreshGraceMs > 0 && leastMs < rules.refreshGraceMs + toleranceMs,
    mayBeTheft: mostMs > rules.refreshGraceMs - toleranceMs,
  }
}

function mayBeExpired({ opened, rotated }: Family, { endMs }: Operation, rules: FamilyRules): boolean {
  const isIdle = rotated !== undefined && endMs >= rotated.startMs + rules.refreshIdleMs - toleranceMs
  return isIdle || (opened !== undefined && endMs >= opened.startMs + rules.refreshMaxMs - toleranceMs)
}

function isCertainlyExpired(
  { opened, rotated }: Family,
  { startMs }: Operation,
  rules: FamilyRules,
): boolean {
  const isIdle = rotated !== undefined && startMs > rotated.endMs + rules.refreshIdleMs + toleranceMs
  return isIdle || (opened !== undefined && startMs > opened.endMs + rules.refreshMaxMs + toleranceMs)
}
