import type { ModelDatabase } from '../model-database/model-database.ts'
import { noteSettled } from './forget-lost.ts'
import type { History } from './history.ts'

/** Makes a look at what has been committed since the last look: an issuer's revocation settles a new epoch. */
export function makeCommitWatch(history: History, { truth }: ModelDatabase): () => void {
  let seen = 0
  return () => {
    const { commits } = truth
    for (; seen < commits.length; seen++) {
      for (const { after, before, table } of commits[seen]?.changes ?? []) {
        const isSettling = table === 'revocations' && before === undefined && after?.type === 'ISSUER'
        if (isSettling) noteSettled(history, (after.until as Date).getTime())
      }
    }
  }
}
