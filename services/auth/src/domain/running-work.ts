/** Work that must come to its end before what it needs is closed, whoever waits for it. */
export interface RunningWork {
  /** Passes on what becomes of it. */
  add<T>(work: Promise<T>): Promise<T>
  /** Resolves when nothing runs; never rejects. */
  settled(): Promise<void>
}

/** Makes a list of such work, empty. */
export function makeRunningWork(): RunningWork {
  const running = new Set<Promise<unknown>>()
  return {
    async add(work) {
      running.add(work)
      try {
        return await work
      } finally {
        running.delete(work)
      }
    },
    async settled() {
      while (running.size > 0) await Promise.allSettled(running)
    },
  }
}
