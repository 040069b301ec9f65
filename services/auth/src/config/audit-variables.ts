import type { z } from 'zod'
import { databaseUrl, duration, units } from './formats.ts'

/** How long the audit trail is kept, and as whom the tables are owned. */
export const auditVariables = {
  AUTH_AUDIT_RETENTION: duration.default(400 * units.d),
  DATABASE_OWNER_URL: databaseUrl.optional(),
}

type AuditSettings = z.infer<z.ZodObject<typeof auditVariables>>

/** What the settings of the audit trail may not say, one line each. */
export function findAuditConflicts(
  settings: AuditSettings & { readonly DATABASE_URL?: string | undefined },
): string[] {
  const faults: string[] = []
  if (settings.AUTH_AUDIT_RETENTION < 30 * units.d) faults.push('AUTH_AUDIT_RETENTION: must be 30d or more')
  const { DATABASE_OWNER_URL: owner, DATABASE_URL: url } = settings
  if (owner === undefined) return faults
  if (url === undefined) faults.push('DATABASE_OWNER_URL: needs DATABASE_URL')
  else if (new URL(owner).username === new URL(url).username) {
    faults.push('DATABASE_OWNER_URL: must be of another role than DATABASE_URL')
  }
  return faults
}
