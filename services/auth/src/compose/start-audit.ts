import type { Config } from '../config.ts'
import { type AuditLane, openAuditLane } from '../events/audit-lane.ts'
import { type DenialQueue, openDenialQueue } from '../events/denial-queue.ts'
import type { LaneOptions } from '../events/lane-runner.ts'
import type { Database } from '../store/database.ts'

/** The parts of the audit trail that run beside the calls. */
export interface Audit {
  readonly lane: AuditLane
  readonly denials: DenialQueue
}

/** Starts the lane that chains rows, and the queue of denials; `stack` closes both, the queue first. */
export function startAudit(
  config: Config,
  parts: LaneOptions & { readonly owner: Database },
  stack: AsyncDisposableStack,
): Audit {
  const lane = openAuditLane({ ...parts, retentionMs: config.AUTH_AUDIT_RETENTION })
  stack.defer(() => lane.close())
  const { clock, database, installation, log } = parts
  const denials = openDenialQueue({ database, clock, log, newId: installation.newId })
  stack.defer(() => denials.close())
  return { lane, denials }
}
