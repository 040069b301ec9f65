import type { RevocationSink } from '../../../services/auth/src/events/revocation-sink.ts'
import type { EventSink } from '../../../services/auth/src/events/sink.ts'
import { untilAborted } from '../../../services/auth/src/events/until-aborted.ts'
import type {
  LogReach,
  UserStateHeartbeat,
  UserStateSink,
} from '../../../services/auth/src/events/user-state-sink.ts'
import type { Network } from '../world/network.ts'
import type { SimulatedProcess } from '../world/simulated-process.ts'
import type { Broker, NewRecord } from './broker.ts'
import { partitionCount, revocationTopic, stateTopic, toPartition } from './topics.ts'

/** How a process speaks to the broker. */
export interface BrokerClient {
  readonly process: SimulatedProcess
  readonly network: Network
  /** Where the broker runs. */
  readonly machine: SimulatedProcess
  readonly broker: Broker
}

/** The time-out of a request. It may arrive later all the same. */
const requestTimeoutMs = 1500

/** Asks the broker: `handle` runs there. Rejects when the answer is not known in time; nothing says then whether it ran. */
export async function askBroker<T>(client: BrokerClient, signal: AbortSignal, handle: () => T): Promise<T> {
  const { machine, network, process } = client
  const answer = network.call(process, machine, requestTimeoutMs, async () => handle())
  answer.catch(() => undefined)
  return await untilAborted(answer, signal)
}

/** The sink of events: a request for each partition, all at once, as the brokers that lead them are asked. */
export function makeBrokerEventSink(client: BrokerClient): EventSink {
  const { broker } = client
  return {
    prepare: (signal) => askBroker(client, signal, () => broker.assertUp()),
    async publish(events, signal) {
      const records = events.map((event) => ({
        topic: event.event,
        partition: toPartition(event.key),
        key: event.key,
        value: event,
      }))
      await appendAll(client, records, signal)
    },
    close: async () => undefined,
  }
}

async function appendAll(client: BrokerClient, records: readonly NewRecord[], signal: AbortSignal) {
  const batches = Map.groupBy(records, ({ topic, partition }) => `${topic}/${partition}`)
  const answers = [...batches.values()].map((batch) =>
    askBroker(client, signal, () => {
      client.broker.append(batch)
    }),
  )
  // A producer that failed is thrown away only when all of its requests have ended.
  const ends = await Promise.allSettled(answers)
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

/** The sink of revocations: one partition, one request after the other. */
export function makeBrokerRevocationSink(client: BrokerClient): RevocationSink {
  return {
    async publish(records, signal) {
      const batch = records.map((value) => ({ topic: revocationTopic, partition: 0, key: '', value }))
      await askBroker(client, signal, () => {
        client.broker.append(batch)
      })
    },
    close: async () => undefined,
  }
}

/** The sink of users' states, as a transactional writer. */
export function makeBrokerStateSink(client: BrokerClient): UserStateSink {
  const { broker } = client
  let writerEpoch = 0
  const write = async (records: readonly NewRecord[], signal: AbortSignal) => {
    const batches = Map.groupBy(records, ({ partition }) => partition)
    const answers = [...batches.values()].map((batch) =>
      askBroker(client, signal, () => broker.appendOpen(writerEpoch, batch)),
    )
    const ends = await Promise.allSettled(answers)
    for (const end of ends) {
      if (end.status === 'fulfilled') continue
      await askBroker(client, signal, () => broker.abort(writerEpoch)).catch(() => undefined)
      throw end.reason
    }
    await askBroker(client, signal, () => broker.commit(writerEpoch))
  }
  return {
    async takeOver(signal) {
      writerEpoch = await askBroker(client, signal, () => broker.fence())
    },
    publish: (states, epoch, signal) =>
      write(
        states.map((state) => ({
          topic: stateTopic,
          partition: toPartition(state.userId),
          key: state.userId,
          value: { epoch, state },
        })),
        signal,
      ),
    beat: (heartbeat, signal) =>
      write(
        Array.from({ length: partitionCount }, (_, partition) => ({
          topic: stateTopic,
          partition,
          key: 'heartbeat',
          value: { heartbeat },
        })),
        signal,
      ),
    findLastHeartbeat: (signal) => askBroker(client, signal, () => findLastBeat(broker)),
    close: async () => undefined,
  }
}

function findLastBeat(broker: Broker): LogReach | undefined {
  broker.assertUp()
  const log = broker.partitions(stateTopic).find(([first]) => first?.partition === 0) ?? []
  const last = log.findLast(({ key, state }) => key === 'heartbeat' && state === 'COMMITTED')
  return (last?.value as { readonly heartbeat: UserStateHeartbeat } | undefined)?.heartbeat
}
