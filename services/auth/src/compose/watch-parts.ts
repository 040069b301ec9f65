import type { Config } from '../config.ts'
import type { Deps } from '../deps.ts'
import type { Metrics } from '../edge/metrics.ts'
import type { Relay } from '../events/relay.ts'
import type { RevocationLane } from '../events/revocation-lane.ts'
import type { Callers } from './open-callers.ts'
import type { OpenKafkaConnection } from './open-kafka-connection.ts'
import type { Audit } from './start-audit.ts'

/** What metrics are read from. */
export interface WatchedParts {
  readonly audit: Audit
  readonly deps: Deps
  readonly relay: Relay
  readonly revocationLane: RevocationLane
  readonly callers: Callers
  readonly kafka: OpenKafkaConnection
}

/** Shows what the parts know of themselves as metrics. */
export function watchParts(metrics: Metrics, config: Config, parts: WatchedParts): void {
  const { audit, callers, deps, kafka, relay, revocationLane } = parts
  if (config.AUTH_CALLERS_FILE !== undefined) {
    metrics.watch('auth_callers_loaded_timestamp_seconds', () => toSeconds(callers.status().loadedAt))
    metrics.watch('auth_callers_reload_failing', () => Number(callers.status().isFailing))
  }
  if (config.AUTH_TLS_CERT !== undefined) {
    metrics.watch('auth_tls_certificate_expiry_timestamp_seconds', () =>
      toSeconds(callers.status().certificateExpiresAt),
    )
  }
  metrics.watch('auth_relay_leader', () => Number(relay.status().leader))
  metrics.watch('auth_outbox_pending', () => relay.status().pending ?? Number.NaN)
  metrics.watch('auth_signing_key_age_seconds', () => deps.keyRing.status().signingKeyAgeMs / 1000)
  metrics.watch('auth_key_ring_age_seconds', () => deps.keyRing.status().ageMs / 1000)
  metrics.watch('auth_hashing_pending', () => deps.passwords.pending)
  metrics.watch('auth_breached_passwords_unread', () => deps.passwordPolicy.unreadCount)
  metrics.watch('auth_database_queries', () => deps.database.queryCount())
  metrics.watchCircuits(deps.platforms.list)
  metrics.watch('auth_revocation_lane_leader', () => Number(revocationLane.status().leader))
  metrics.watch('auth_audit_lane_leader', () => Number(audit.lane.status().leader))
  metrics.watch('auth_audit_chain_entries', () => audit.lane.status().seq ?? Number.NaN)
  metrics.watch('auth_audit_denials_dropped', () => audit.denials.dropped)
  if (config.KAFKA_BROKERS === undefined) return
  metrics.watch('auth_kafka_reload_failing', () => Number(kafka.isFailing()))
  metrics.watch('auth_outbox_parked_keys', () => relay.status().parkedKeys ?? Number.NaN)
  metrics.watch('auth_user_states_withheld', () => relay.status().withheldStates ?? Number.NaN)
  metrics.watch('auth_broker_up', () => Number(relay.status().brokerUp ?? false))
  metrics.watch('auth_revocation_broker_up', () => Number(revocationLane.status().brokerUp ?? false))
  metrics.watch('auth_revocation_published_timestamp_seconds', () =>
    toSeconds(revocationLane.status().lastPublishedAt),
  )
  metrics.watch('auth_user_states_published_timestamp_seconds', () =>
    toSeconds(relay.status().statesPublishedAt),
  )
}

function toSeconds(at: Date | undefined): number {
  return at === undefined ? Number.NaN : at.getTime() / 1000
}
