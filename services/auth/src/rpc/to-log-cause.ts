/** An error in the log: what says where it came from, and nothing of the statement or the values that it may carry. */
export interface LogCause {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly cause?: LogCause
}

/** The parts of a thrown value that may be logged; database drivers hang parameters and rows on their errors. At most 4 causes deep. */
export function toLogCause(thrown: unknown, depth = 0): LogCause {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: 'not an error' }
  const { code } = thrown as Error & { code?: unknown }
  return {
    type: thrown.name,
    message: thrown.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack }),
    ...(thrown.cause === undefined || depth >= 3 ? {} : { cause: toLogCause(thrown.cause, depth + 1) }),
  }
}
