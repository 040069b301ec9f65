import { openRelay, type Relay, type RelayOptions } from '../../../services/auth/src/events/relay.ts'
import type { RevocationLane } from '../../../services/auth/src/events/revocation-lane.ts'
import { openRevocationLane } from '../../../services/auth/src/events/revocation-lane.ts'
import type { RevocationSink } from '../../../services/auth/src/events/revocation-sink.ts'
import type { EventSink } from '../../../services/auth/src/events/sink.ts'
import type { UserStateSink } from '../../../services/auth/src/events/user-state-sink.ts'
import type { Database } from '../../../services/auth/src/store/database.ts'
import { settleEpoch } from '../../../services/auth/src/store/epoch.ts'
import { makeWrite, type Write } from '../../../services/auth/src/store/write.ts'
import type { ModelDatabase, ModelDatabaseOptions } from '../model-database/model-database.ts'
import type { SimulatedProcess } from '../world/simulated-process.ts'
import {
  type BrokerClient,
  makeBrokerEventSink,
  makeBrokerRevocationSink,
  makeBrokerStateSink,
} from './broker-sinks.ts'

/** What an instance of the service is made of here. */
export interface EventParts {
  readonly client: BrokerClient
  readonly database: Database
  readonly model: ModelDatabase
  readonly newId: () => string
  readonly batchSize: number
  readonly retentionMs: number | undefined
}

/** A system that is known to be wrong in one place; empty is the system as it is. */
export interface EventVariant {
  readonly eventSink?: (sink: EventSink, parts: EventParts) => EventSink
  readonly stateSink?: (sink: UserStateSink, parts: EventParts) => UserStateSink
  readonly revocationSink?: (sink: RevocationSink, parts: EventParts) => RevocationSink
  /** In the place of `openRelay`, and of `openRevocationLane`. */
  readonly relay?: (options: RelayOptions) => Relay
  readonly revocationLane?: typeof openRevocationLane
  readonly statements?: NonNullable<ModelDatabaseOptions['statements']>
}

/** A running instance. */
export interface EventProcess {
  readonly write: Write
  readonly database: Database
  readonly relay: Relay
  readonly revocations: RevocationLane
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const retryStartMs = 200
const parkTimes = { firstMs: 300, longestMs: 2000 }

/** Starts an instance of the real relay, lane of revocations and writes; tries until the database answers. */
export async function openEventProcess(parts: EventParts, variant: EventVariant): Promise<EventProcess> {
  const { batchSize, client, database, newId, retentionMs } = parts
  const { clock, random } = client.process
  const installation = { issuer: 'https://auth.example', newId }
  await settle(client.process, database, installation)
  const options = { database, installation, clock, random: random.next, log: silent, batchSize }
  const sink = makeBrokerEventSink(client)
  const stateSink = makeBrokerStateSink(client)
  const revocationSink = makeBrokerRevocationSink(client)
  const relay = (variant.relay ?? openRelay)({
    ...options,
    sink: variant.eventSink?.(sink, parts) ?? sink,
    stateSink: variant.stateSink?.(stateSink, parts) ?? stateSink,
    parkTimes,
    ...(retentionMs !== undefined && { retention: { retentionMs, everyMs: 300 } }),
  })
  const revocations = (variant.revocationLane ?? openRevocationLane)({
    ...options,
    sink: variant.revocationSink?.(revocationSink, parts) ?? revocationSink,
  })
  const coverMs = 600_000
  const onCommitted = relay.wake
  const onRevoked = revocations.wake
  return {
    database,
    relay,
    revocations,
    write: makeWrite({ database, encoding: 'protobuf', newId, coverMs, onCommitted, onRevoked }),
  }
}

async function settle(
  { clock }: SimulatedProcess,
  database: Database,
  installation: Parameters<typeof settleEpoch>[1],
): Promise<void> {
  for (;;) {
    try {
      await database.transaction((trx) => settleEpoch(trx, installation))
      return
    } catch {
      await clock.sleep(retryStartMs)
    }
  }
}
