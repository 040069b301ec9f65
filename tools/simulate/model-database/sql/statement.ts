import type { ModelRow } from '../model-database.ts'
import type { Steps } from '../server/wait.ts'
import type { Execution } from './expression.ts'

/** What a statement answers: its command tag, rows touched, rows returned. */
export interface Answer {
  readonly command: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'LISTEN' | 'LOCK' | 'COMMIT' | 'ROLLBACK'
  readonly rowCount: number
  readonly rows: readonly ModelRow[]
}

/**
 * What one statement does, exactly: it reads all that its snapshot sees before it first waits, then locks rows in order, and judges
 * again what has changed meanwhile. One that never waits may answer without steps.
 */
export type StatementModel = (at: Execution) => Answer | Steps<Answer>

/** The answer of a query. */
export function toSelected(rows: readonly ModelRow[]): Answer {
  return { command: 'SELECT', rowCount: rows.length, rows }
}
