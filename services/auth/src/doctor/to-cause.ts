/** Why something failed, in a line: the innermost message of an error, of its causes and of the errors it gathers. */
export function toCause(error: unknown): string {
  const { cause, errors, message, code } = (error ?? {}) as {
    cause?: unknown
    errors?: unknown
    message?: unknown
    code?: unknown
  }
  if (cause) return toCause(cause)
  if (Array.isArray(errors) && errors.length > 0) return toCause(errors[0])
  return String(message || code || error).replaceAll('\n', ' ')
}
