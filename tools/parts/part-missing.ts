/** Why a part cannot be had on this machine, in one line: the reason that the tests that need it are skipped with. */
export interface PartMissing {
  readonly skipReason: string
}

/** How every skip reason for want of a real part begins; with `CI=true` such a skip is a failure. */
export const partMissingPrefix = 'cannot be had: '

/** The reason to skip with when opening the part called `name` threw `error`. */
export function toPartMissing(name: string, error: unknown): PartMissing {
  const message = error instanceof Error ? error.message : String(error)
  const line = message.split('\n').find((text) => text.trim() !== '') ?? 'no reason given'
  return { skipReason: `${partMissingPrefix}${name}: ${line.trim()}` }
}
