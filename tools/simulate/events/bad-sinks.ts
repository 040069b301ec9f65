import type { RevocationSink } from '../../../services/auth/src/events/revocation-sink.ts'
import type { EventSink } from '../../../services/auth/src/events/sink.ts'
import type { UserStateSink } from '../../../services/auth/src/events/user-state-sink.ts'
import { askBroker } from './broker-sinks.ts'
import type { EventParts } from './event-process.ts'
import { stateTopic, toPartition } from './topics.ts'

/** Answers before the broker has. */
export function answerAtOnce(sink: EventSink): EventSink {
  return {
    ...sink,
    async publish(events, signal) {
      void sink.publish(events, signal).catch(() => undefined)
    },
  }
}

/** Sends one request behind the other without waiting, and each again by itself when a second has passed. */
export function sendInPipeline(sink: EventSink, { client }: EventParts): EventSink {
  const timeoutMs = 1000
  return {
    ...sink,
    async publish(events, signal) {
      const send = async (event: (typeof events)[number]) => {
        while (!signal.aborted) {
          const sent = sink.publish([event], signal).then(() => 'DONE' as const)
          const late = client.process.clock.sleep(timeoutMs).then(() => 'LATE' as const)
          const end = await Promise.race([sent, late]).catch(() => 'FAILED' as const)
          if (end === 'DONE') return
        }
      }
      await Promise.all(events.map(send))
    },
  }
}

/** Appends without a transaction, whoever has taken over. */
export function writeUnfenced(sink: UserStateSink, { client }: EventParts): UserStateSink {
  return {
    ...sink,
    takeOver: async () => undefined,
    async publish(states, epoch, signal) {
      const records = states.map((state) => {
        const { userId } = state
        return { topic: stateTopic, partition: toPartition(userId), key: userId, value: { epoch, state } }
      })
      await askBroker(client, signal, () => {
        client.broker.append(records)
      })
    },
  }
}

/** Reads the clock when the rows were read already. */
export function readClockLate(sink: RevocationSink, { model }: EventParts): RevocationSink {
  return {
    ...sink,
    publish: (records, signal) =>
      sink.publish(
        records.map(({ heartbeat, revocation }) =>
          heartbeat === undefined
            ? { revocation }
            : { heartbeat: { ...heartbeat, asOf: new Date(model.clock.nowMs()) } },
        ),
        signal,
      ),
  }
}

/** The same, of users' states. */
export function readStateClockLate(sink: UserStateSink, { model }: EventParts): UserStateSink {
  return {
    ...sink,
    beat: (heartbeat, signal) => sink.beat({ ...heartbeat, asOf: new Date(model.clock.nowMs()) }, signal),
  }
}
