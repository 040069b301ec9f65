/** Joins those who want the same at the same time. */
export interface SingleFlight {
  /** Runs `work`, or joins the one that runs under this key; all get its result or its error. */
  join<T>(key: string, work: () => Promise<T>): Promise<T>
}

/** Makes one, for one process. */
export function makeSingleFlight(): SingleFlight {
  const running = new Map<string, Promise<unknown>>()
  return {
    join<T>(key: string, work: () => Promise<T>): Promise<T> {
      const present = running.get(key)
      if (present !== undefined) return present as Promise<T>
      const started = work().finally(() => running.delete(key))
      running.set(key, started)
      return started
    },
  }
}
