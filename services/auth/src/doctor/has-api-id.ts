/** Whether a broker has answered with this error, such as `SECURITY_DISABLED`, somewhere in what the client made of it. */
export function hasApiId(error: unknown, id: string): boolean {
  const { apiId, errors, cause } = (error ?? {}) as { apiId?: unknown; errors?: unknown; cause?: unknown }
  if (apiId === id) return true
  return [...(Array.isArray(errors) ? errors : []), ...(cause ? [cause] : [])].some((one) =>
    hasApiId(one, id),
  )
}
