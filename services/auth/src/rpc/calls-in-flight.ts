/** What a server must wait for, or end, before it stops. */
export interface CallsInFlight {
  /** A unary call has begun. */
  begin(): void
  /** It has been answered. */
  end(): void
  /** Registers a stream that would otherwise go on; `stop` ends it in order. Returns what takes it off again. */
  addStream(stop: () => void): () => void
  /** Ends all streams and resolves once no call is left. */
  drain(): Promise<void>
}

/** Counts the calls of one server. */
export function makeCallsInFlight(): CallsInFlight {
  const streams = new Set<() => void>()
  const idle = Promise.withResolvers<void>()
  let unary = 0
  let draining = false
  const settle = () => {
    if (draining && unary === 0 && streams.size === 0) idle.resolve()
  }
  return {
    begin: () => {
      unary += 1
    },
    end: () => {
      unary -= 1
      settle()
    },
    addStream: (stop) => {
      streams.add(stop)
      // Later, for the caller has not yet got what it returns.
      if (draining) queueMicrotask(stop)
      return () => {
        streams.delete(stop)
        settle()
      }
    },
    drain: () => {
      draining = true
      for (const stop of streams) stop()
      settle()
      return idle.promise
    },
  }
}
