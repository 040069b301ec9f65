import type { Kysely } from 'kysely'
import { deletePublished as deletePage } from '../store/outbox-retention.ts'
import type { Schema } from '../store/schema.ts'
import type { RunningTerm } from './lead.ts'

/** How long acknowledged events are kept, and how they are deleted. */
export interface OutboxRetention {
  readonly retentionMs: number
  /** How often it is looked for events to delete; a minute by default. */
  readonly everyMs?: number
}

const rowsAtOnce = 1000
const pauseMs = 20
const defaultEveryMs = 60_000
/** What was parked when the deletion came by is found by beginning anew. */
const anewEveryMs = 86_400_000

/**
 * Deletes acknowledged events whose time is over, in small statements with pauses, through the pool: numbering does not wait for it. Runs until
 * `stop`; what goes wrong is logged and tried again.
 */
export async function deletePublished(
  kysely: Kysely<Schema>,
  { retentionMs, everyMs = defaultEveryMs }: OutboxRetention,
  term: Pick<RunningTerm, 'clock' | 'closing' | 'complain'> & { readonly isForStates: boolean },
  stop: AbortSignal,
): Promise<void> {
  const { clock, complain, isForStates } = term
  const halt = AbortSignal.any([stop, term.closing])
  let after = 0
  let beganMs = clock.monotonicMs()
  while (!halt.aborted) {
    let hasMore = false
    try {
      const range = { after, retentionMs, isForStates, limit: rowsAtOnce }
      const page = await deletePage(kysely, range)
      after = page.after
      hasMore = page.hasMore
    } catch (error) {
      complain(error, 'old events cannot be deleted')
    }
    if (!hasMore && clock.monotonicMs() - beganMs > anewEveryMs) {
      after = 0
      beganMs = clock.monotonicMs()
    }
    await clock.sleep(hasMore ? pauseMs : everyMs, halt)
  }
}
