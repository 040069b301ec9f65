/** Where the client reports what nobody is waiting for; pino's loggers fit. */
export interface Logger {
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Writes to standard error: faults must be seen where no logger was given. */
export const consoleLogger: Logger = Object.freeze({
  warn: (fields: object, message: string) => console.warn(message, fields),
  error: (fields: object, message: string) => console.error(message, fields),
})
