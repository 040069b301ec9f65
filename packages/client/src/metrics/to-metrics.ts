import type { AuthStatus } from '../connect-auth.ts'

/** One metric with its samples, as Prometheus has them. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly values: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]
}

const prefix = 'immersiverse_auth'
const states = ['FRESH', 'STALE', 'UNKNOWN'] as const
const circuits = ['CLOSED', 'OPEN', 'HALF_OPEN'] as const

/** The status as metrics, always the same names: one whose value is not known has no sample. */
export function toMetrics(status: AuthStatus): Metric[] {
  return [...toVerificationMetrics(status), ...toCallMetrics(status), ...toUserMetrics(status)]
}

function toVerificationMetrics(status: AuthStatus): Metric[] {
  if (status.verification === 'remote') return []
  const { revocations, counts, circuit } = status
  return [
    gauge(
      'revocation_view_state',
      'Whether the view of revocations may be judged by (1 for the state it is in)',
      [...states.map((state) => one(revocations.state === state ? 1 : 0, { state }))],
    ),
    gauge('revocation_age_seconds', 'At most so long ago everything that was revoked was in the view', [
      ...toSeconds(revocations.ageMs),
    ]),
    gauge('revocation_clock_error_seconds', "Of the measurement of the database's clock; part of the age", [
      ...toSeconds(revocations.errorMs),
    ]),
    gauge('revocation_rseq', 'Number of the last revocation that was followed', [one(revocations.rseq)]),
    gauge('revocation_entries', 'Revocations in the view', [one(revocations.entries)]),
    counter('verifications_total', 'Verifications, by how they were decided', [
      ...Object.entries(counts).map(([by, value]) => one(value, { by: toSnakeCase(by) })),
    ]),
    gauge('circuit_state', 'Of the way to ValidateToken (1 for the state it is in)', [
      ...circuits.map((state) => one(circuit === state ? 1 : 0, { state })),
    ]),
  ]
}

function toCallMetrics({ calls }: AuthStatus): Metric[] {
  return [
    gauge('live_calls', 'Open streams, WebSockets and other live calls', [one(calls.open)]),
    gauge('live_calls_kept_stale', 'Live calls open only because their route says allowStale', [
      one(calls.keptStale),
    ]),
    gauge('live_calls_asking', 'Questions about live calls that wait for an answer', [one(calls.asking)]),
    counter('live_calls_ended_total', 'Live calls that were ended, by reason', [
      ...Object.entries(calls.ended).map(([reason, value]) => one(value, { reason })),
    ]),
  ]
}

function toUserMetrics({ users }: AuthStatus): Metric[] {
  if (users === undefined) return []
  return [
    gauge('user_cache_users', 'Users in memory, deleted ones included', [one(users.users)]),
    gauge('user_cache_warm', 'Whether all users that there were have been read', [one(Number(users.isWarm))]),
    gauge('user_cache_fed', 'Whether changes of users are being told', [one(Number(users.isFed))]),
    counter('user_reads_total', 'Users that were read, by where the answer came from', [
      ...Object.entries(users.counts).map(([by, value]) => one(value, { by: toSnakeCase(by) })),
    ]),
  ]
}

function gauge(name: string, help: string, values: Metric['values']): Metric {
  return { name: `${prefix}_${name}`, help, type: 'gauge', values }
}

function counter(name: string, help: string, values: Metric['values']): Metric {
  return { name: `${prefix}_${name}`, help, type: 'counter', values }
}

function one(value: number, labels: Readonly<Record<string, string>> = {}) {
  return { labels, value }
}

function toSeconds(ms: number | undefined): Metric['values'] {
  return ms === undefined ? [] : [one(ms / 1000)]
}

function toSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
