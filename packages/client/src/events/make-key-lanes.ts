/** Work that is done in order for each key, and at once for different ones. */
export interface KeyLanes {
  /** Takes work on; resolves when there is room for more, which may be at once. Never rejects: work must not. */
  add(key: string, work: () => Promise<void>): Promise<void>
  /** Resolves when nothing runs and nothing waits. */
  idle(): Promise<void>
  /** Work that has been taken on and has not ended. */
  readonly pending: number
}

/** Bounds of {@link makeKeyLanes}. */
export interface KeyLanesOptions {
  /** How many keys are worked on at once. */
  readonly concurrency: number
  /** How much work may have been taken on: what waits behind others of its key included. */
  readonly pendingMax: number
}

/** Makes lanes: a key's work runs in the order it was added, one after the other; keys take turns in the order they came. */
export function makeKeyLanes({ concurrency, pendingMax }: KeyLanesOptions): KeyLanes {
  const waiting = new Map<string, (() => Promise<void>)[]>()
  const ready: string[] = []
  const waiters: { readonly isMet: () => boolean; readonly resolve: () => void }[] = []
  let running = 0
  let pending = 0

  const settle = (): void => {
    for (const waiter of waiters.splice(0)) waiter.isMet() ? waiter.resolve() : waiters.push(waiter)
  }
  const until = (isMet: () => boolean): Promise<void> =>
    isMet() ? Promise.resolve() : new Promise((resolve) => waiters.push({ isMet, resolve }))
  const runNext = async (key: string): Promise<void> => {
    const work = waiting.get(key)?.shift()
    running += 1
    await work?.()
    running -= 1
    pending -= 1
    // To the end of the line, so that one busy key does not keep the others waiting.
    if (waiting.get(key)?.length) ready.push(key)
    else waiting.delete(key)
    start()
    settle()
  }
  const start = (): void => {
    while (running < concurrency) {
      const key = ready.shift()
      if (key === undefined) return
      void runNext(key)
    }
  }
  return {
    add(key, work) {
      pending += 1
      const behind = waiting.get(key)
      if (behind !== undefined) behind.push(work)
      else {
        waiting.set(key, [work])
        ready.push(key)
        start()
      }
      return until(() => pending < pendingMax)
    },
    idle: () => until(() => pending === 0),
    get pending() {
      return pending
    },
  }
}
