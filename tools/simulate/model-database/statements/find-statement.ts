import type { StatementModel } from '../sql/statement.ts'
import type { Tables } from '../tables/make-tables.ts'
import { findAccountStatement } from './accounts.ts'
import { auditStatements } from './audit.ts'
import { counterStatements } from './counters.ts'
import { epochStatements } from './epochs.ts'
import { eventStatements } from './events.ts'
import { keyStatements } from './keys.ts'
import { lookupStatements } from './lookups.ts'
import { findMigratorStatement } from './migrations.ts'
import { numberingStatements } from './numbering.ts'
import { parkingStatements } from './parking.ts'
import { retentionStatements } from './retention.ts'
import { revocationStatements } from './revocations.ts'
import { rotationStatements } from './rotation.ts'
import { findSessionStatement, serverStatements } from './sessions-of-the-server.ts'

/** The hand-made models, by the statements' texts, letter by letter: a statement that is changed has no model until someone has looked. */
const models: ReadonlyMap<string, StatementModel> = new Map(
  [
    ...[
      auditStatements,
      counterStatements,
      epochStatements,
      eventStatements,
      keyStatements,
      lookupStatements,
      numberingStatements,
    ],
    ...[parkingStatements, retentionStatements, revocationStatements, rotationStatements, serverStatements],
  ].flatMap((statements) =>
    Object.entries(statements).map(([text, model]) => [toText(text), model] as const),
  ),
)

/** The hand-made model of a statement, or undefined; white space does not matter. */
export function findStatement(text: string, tables: Tables): StatementModel | undefined {
  const normal = toText(text)
  return (
    models.get(normal) ??
    findSessionStatement(normal) ??
    findMigratorStatement(normal) ??
    findAccountStatement(normal, tables)
  )
}

function toText(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
