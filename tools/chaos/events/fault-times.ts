/** A stretch of the machine's wall clock. */
export interface Stretch {
  readonly fromMs: number
  readonly toMs: number
}

/** When something was wrong, and when nothing was. */
export interface FaultTimes {
  /** In the order in which they began. */
  readonly faults: readonly (Stretch & { readonly told: string })[]
  readonly calm: readonly Stretch[]
  begin(told: string, lastsMs: number): void
  /** All is well from now on, until the next fault. */
  recovered(): void
  /** Ends what is calm still. */
  end(): void
}

/** Makes an empty record. */
export function makeFaultTimes(wallMs: () => number): FaultTimes {
  const faults: (Stretch & { readonly told: string })[] = []
  const calm: Stretch[] = []
  let calmSinceMs: number | undefined
  const end = () => {
    if (calmSinceMs !== undefined) calm.push({ fromMs: calmSinceMs, toMs: wallMs() })
    calmSinceMs = undefined
  }
  return {
    faults,
    calm,
    begin(told, lastsMs) {
      end()
      faults.push({ told, fromMs: wallMs(), toMs: wallMs() + lastsMs })
    },
    recovered() {
      calmSinceMs = wallMs()
    },
    end,
  }
}

/** What was wrong at a moment, or the fault that ended last before it. */
export function tellFaultsAt({ faults }: Pick<FaultTimes, 'faults'>, atMs: number | undefined): string {
  if (atMs === undefined) return 'at no one moment'
  const before = faults.filter(({ fromMs }) => fromMs <= atMs)
  const during = before.filter(({ toMs }) => atMs <= toMs)
  const [fault] = during.length > 0 ? [] : before.sort((a, b) => b.toMs - a.toMs)
  if (fault !== undefined) return `${((atMs - fault.toMs) / 1000).toFixed(1)} s after ${fault.told}`
  return during.length > 0
    ? `during ${during.map(({ told }) => told).join(' and ')}`
    : 'before the first fault'
}
