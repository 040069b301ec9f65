/** Asks about a key, many askers to a call. */
export type JoinedCalls<Value> = (key: string, call: () => Promise<Value>) => Promise<Value>

interface Line<Value> {
  /** Ends, never rejecting, when the call under way has. */
  underWay: Promise<unknown>
  /** Not yet sent: whoever comes joins it. */
  next: Promise<Value> | undefined
}

/**
 * Makes calls that are shared by all who ask about the same key before they are sent, and by nobody who asks later: what was looked up
 * before a question was asked may be older than the question. At most one call a key is under way; who comes meanwhile joins the next.
 */
export function makeJoinedCalls<Value>(): JoinedCalls<Value> {
  const lines = new Map<string, Line<Value>>()

  function begin(key: string, line: Line<Value>, call: () => Promise<Value>): Promise<Value> {
    const next = line.underWay.then(() => {
      line.next = undefined
      return call()
    })
    line.next = next
    line.underWay = next
      .catch(() => undefined)
      .then(() => {
        if (line.next === undefined) lines.delete(key)
      })
    return next
  }

  return (key, call) => {
    const known = lines.get(key)
    if (known?.next !== undefined) return known.next
    const line = known ?? { underWay: Promise.resolve(), next: undefined }
    lines.set(key, line)
    return begin(key, line, call)
  }
}
