/** Whether an error of Kafka's client is, or holds at any depth, the brokers' error of that name, such as `UNKNOWN_MEMBER_ID`. */
export function hasApiId(error: unknown, id: string): boolean {
  const { apiId, errors } = (error ?? {}) as { apiId?: unknown; errors?: unknown }
  return apiId === id || (Array.isArray(errors) && errors.some((one) => hasApiId(one, id)))
}
