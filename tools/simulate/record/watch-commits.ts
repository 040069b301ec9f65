import type { ModelDatabase } from '../model-database/model-database.ts'
import { noteSettled } from './forget-lost.ts'
import type { History } from './history.ts'

/**
 * Makes a look at what has been committed since the last look: an issuer's revocation settles the epochs up to the timeline that its transaction
 * has written, and not one that a promotion has begun meanwhile.
 */
export function makeCommitWatch(history: History, { truth }: ModelDatabase): () => void {
  let seen = 0
  return () => {
    const { commits } = truth
    for (; seen < commits.length; seen++) {
      const changes = commits[seen]?.changes ?? []
      const timeline = changes.find(({ table }) => table === 'epoch')?.after?.timeline
      for (const { after, before, table } of changes) {
        const isSettling = table === 'revocations' && before === undefined && after?.type === 'ISSUER'
        if (isSettling) noteSettled(history, (after.until as Date).getTime(), Number(timeline))
      }
    }
  }
}
