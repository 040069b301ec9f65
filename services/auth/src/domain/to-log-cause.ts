/** An error in the log: what says where it came from, and nothing of the statement or the values that it may carry. */
export interface LogCause {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly cause?: LogCause
}

/**
 * The parts of a thrown value that may be logged; database drivers hang parameters and rows on their errors. The cause of an error that gathers
 * several is the first of them. At most 6 deep: a client of Kafka has four around the cause.
 */
export function toLogCause(thrown: unknown, depth = 0): LogCause {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: 'not an error' }
  const { code, errors } = thrown as Error & { code?: unknown; errors?: unknown }
  const cause = thrown.cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  return {
    type: thrown.name,
    message: thrown.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack }),
    ...(cause === undefined || depth >= 5 ? {} : { cause: toLogCause(cause, depth + 1) }),
  }
}
