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
