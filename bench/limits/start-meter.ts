/** The rate of a limit: times a second, and times per second of CPU. */
export interface Rate {
  readonly perSecond: number
  readonly perCoreSecond: number
}

/** Starts the clocks of this process; what it returns gives the rate of `count` times since then. */
export function startMeter(): (count: number) => Rate {
  const startMs = performance.now()
  const startCpu = process.cpuUsage()
  return (count) => {
    const { user, system } = process.cpuUsage(startCpu)
    return {
      perSecond: (count * 1000) / (performance.now() - startMs),
      perCoreSecond: (count * 1e6) / (user + system),
    }
  }
}
