/** An error as PostgreSQL sends it, with its code (Appendix A). */
export interface ServerError extends Error {
  readonly code: string
  readonly constraint?: string
}

/** Makes an error of the server. */
export function toServerError(code: string, message: string, constraint?: string): ServerError {
  return Object.assign(new Error(message), constraint === undefined ? { code } : { code, constraint })
}

/** A unique index refused a row. */
export function toUniqueViolation(constraint: string): ServerError {
  const message = `duplicate key value violates unique constraint "${constraint}"`
  return toServerError('23505', message, constraint)
}

/** A row refers to one that is not there. */
export function toForeignKeyViolation(constraint: string): ServerError {
  return toServerError(
    '23503',
    `insert or update violates foreign key constraint "${constraint}"`,
    constraint,
  )
}
