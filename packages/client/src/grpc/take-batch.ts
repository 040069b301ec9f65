import { bounds } from '@immersiverse/auth-contract'
import { toQuestionBytes } from './encode-validate-tokens-request.ts'
import type { WaitingQuestion } from './waiting-question.ts'

/** Leaves room for the id and the frame below the service's limit on batches. */
const messageBytesMax = bounds.batchMessageBytes - 1024

/** Takes what fits one message from the front of the queue; what has been answered meanwhile is left out. May be empty. */
export function takeBatch(queue: WaitingQuestion[]): WaitingQuestion[] {
  const batch: WaitingQuestion[] = []
  let bytes = 0
  let taken = 0
  for (const waiting of queue) {
    if (batch.length === bounds.validateBatch) break
    if (!waiting.isSettled) {
      bytes += toQuestionBytes(waiting.question)
      if (bytes > messageBytesMax && batch.length > 0) break
      batch.push(waiting)
    }
    taken++
  }
  queue.splice(0, taken)
  return batch
}
