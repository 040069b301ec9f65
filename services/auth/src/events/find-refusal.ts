import { RefusedError } from './sink.ts'

/**
 * The protocol's errors that come again with every try of the same record, and whether they say something about the whole topic. What is
 * not here is a fault of the moment, or of the whole cluster, and is worth waiting for.
 */
const refusals = Object.freeze({
  MESSAGE_TOO_LARGE: { isOfTopic: false },
  RECORD_LIST_TOO_LARGE: { isOfTopic: false },
  INVALID_RECORD: { isOfTopic: false },
  INVALID_TIMESTAMP: { isOfTopic: false },
  TOPIC_AUTHORIZATION_FAILED: { isOfTopic: true },
  INVALID_TOPIC_EXCEPTION: { isOfTopic: true },
  POLICY_VIOLATION: { isOfTopic: true },
} as const)

/** The broker's refusal for good in an error of its client, or undefined where trying again may help. */
export function findRefusal(error: unknown): RefusedError | undefined {
  const { apiId, cause, errors } = (error ?? {}) as { apiId?: unknown; cause?: unknown; errors?: unknown }
  if (typeof apiId === 'string' && Object.hasOwn(refusals, apiId)) {
    const { isOfTopic } = refusals[apiId as keyof typeof refusals]
    return new RefusedError(apiId, { isOfTopic, cause: error })
  }
  for (const inner of [...(Array.isArray(errors) ? errors : []), cause]) {
    const found = inner === undefined ? undefined : findRefusal(inner)
    if (found) return found
  }
  return undefined
}
