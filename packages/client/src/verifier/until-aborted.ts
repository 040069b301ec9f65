/** Settles as the promise does, or rejects with the signal's reason when that is aborted first: no source can keep its reader waiting. */
export function untilAborted<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    const done = (): void => signal.removeEventListener('abort', abort)
    promise.then(
      (value) => {
        done()
        resolve(value)
      },
      (error: unknown) => {
        done()
        reject(error)
      },
    )
  })
}

/** Hands each value to `take` until the end; rejects with the signal's reason when that is aborted, whatever the source does. */
export async function takeUntilAborted<T>(
  values: AsyncIterable<T>,
  signal: AbortSignal,
  take: (value: T) => void,
): Promise<void> {
  const iterator = values[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await untilAborted(iterator.next(), signal)
      if (signal.aborted) throw signal.reason
      if (done) return
      take(value)
    }
  } finally {
    // Not awaited: a source that does not end must not hold up its reader.
    void Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
}
