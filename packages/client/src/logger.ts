/** Where the client reports what nobody is waiting for; pino's loggers fit. */
export interface Logger {
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Writes one line a report to standard error: faults must be seen where no logger was given. */
export const consoleLogger: Logger = Object.freeze({
  warn: (fields: object, message: string) => console.warn(toLine(fields, message)),
  error: (fields: object, message: string) => console.error(toLine(fields, message)),
})

/** The message, what the error says without its stack, and the other fields. */
function toLine(fields: object, message: string): string {
  const { err, ...rest } = fields as { readonly err?: unknown }
  const cause = err === undefined ? '' : `: ${err instanceof Error ? err.message : String(err)}`
  const more = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest, toPlain)}`
  return `auth-client: ${message}${cause}${more}`
}

function toPlain(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
