import type { Config } from '../config.ts'
import type { KafkaConnection } from '../events/kafka-connection.ts'
import { openKafkaRevocationSink } from '../events/kafka-revocation-sink.ts'
import type { LaneOptions } from '../events/lane-runner.ts'
import { openRevocationLane, type RevocationLane } from '../events/revocation-lane.ts'
import { toWatchRevocationsResponse } from '../rpc/revocation-messages.ts'
import { toRevocationRetentionMs } from './to-revocation-retention-ms.ts'

/** Starts the lane of revocations, with its topic where brokers are configured; `stack` closes both. */
export function startRevocationLane(
  config: Config,
  parts: LaneOptions & { readonly kafka: KafkaConnection | undefined },
  stack: AsyncDisposableStack,
): RevocationLane {
  const { kafka: connection } = parts
  const sink =
    connection &&
    openKafkaRevocationSink({
      connection,
      topicPrefix: config.AUTH_TOPIC_PREFIX,
      retentionMs: toRevocationRetentionMs(config),
      source: config.AUTH_ISSUER,
      encoding: config.AUTH_EVENT_ENCODING,
      newId: parts.installation.newId,
      toMessage: toWatchRevocationsResponse,
      log: parts.log,
    })
  if (sink) stack.defer(() => sink.close())
  const lane = openRevocationLane(sink ? { ...parts, sink } : parts)
  stack.defer(() => lane.close())
  return lane
}
