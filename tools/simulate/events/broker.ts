import { RefusedError } from '../../../services/auth/src/events/sink.ts'
import type { UserState } from '../../../services/auth/src/store/user-states.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import { stateTopic } from './topics.ts'

/** What a record says, as the service handed it over: the model needs no bytes on the wire. */
export interface NewRecord {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly value: unknown
}

/** A record as it stands in its partition. */
export interface BrokerRecord extends NewRecord {
  readonly atMs: number
  /** Readers see it once it is COMMITTED, and never where it is ABORTED. */
  state: 'OPEN' | 'COMMITTED' | 'ABORTED'
}

/** A model of Kafka's log as the service uses it: appends, refusals, one transactional writer whom the next one fences off. */
export class Broker {
  readonly #time: VirtualTime
  readonly #partitions = new Map<string, BrokerRecord[]>()
  readonly #refusedKeys = new Set<string>()
  #writerEpoch = 0
  #open: BrokerRecord[] = []
  isUp = true

  constructor(time: VirtualTime) {
    this.#time = time
  }

  /** What stands in a topic, partition by partition, in the order of offsets. */
  partitions(topic: string): BrokerRecord[][] {
    return [...this.#partitions].filter(([name]) => name.startsWith(`${topic}/`)).map(([, log]) => log)
  }

  /** From now on records of the key are refused for good, or taken again. */
  setRefused(key: string, isRefused: boolean): void {
    if (isRefused) this.#refusedKeys.add(key)
    else this.#refusedKeys.delete(key)
  }

  /** Throws while the broker is down. */
  assertUp(): void {
    if (!this.isUp) throw new Error('NOT_LEADER_OR_FOLLOWER')
  }

  /** Appends all, in this order, or none. Throws RefusedError where one of them is too large. */
  append(records: readonly NewRecord[], state: BrokerRecord['state'] = 'COMMITTED'): BrokerRecord[] {
    this.assertUp()
    if (records.some((record) => this.#refusedKeys.has(record.key) && isLarge(record))) {
      throw new RefusedError('MESSAGE_TOO_LARGE', { isOfTopic: false })
    }
    return records.map((record) => {
      const appended = { ...record, atMs: this.#time.nowMs, state }
      const name = `${record.topic}/${record.partition}`
      const log = this.#partitions.get(name) ?? []
      if (log.length === 0) this.#partitions.set(name, log)
      log.push(appended)
      return appended
    })
  }

  /** A transactional writer begins: whoever wrote before is fenced off, and what it has not committed never appears. */
  fence(): number {
    this.assertUp()
    this.#abort()
    this.#writerEpoch += 1
    return this.#writerEpoch
  }

  /** Appends to the writer's transaction. Throws where another has taken over. */
  appendOpen(writerEpoch: number, records: readonly NewRecord[]): void {
    this.#assertWriter(writerEpoch)
    this.#open.push(...this.append(records, 'OPEN'))
  }

  commit(writerEpoch: number): void {
    this.#assertWriter(writerEpoch)
    for (const record of this.#open) record.state = 'COMMITTED'
    this.#open = []
  }

  abort(writerEpoch: number): void {
    this.#assertWriter(writerEpoch)
    this.#abort()
  }

  #abort(): void {
    for (const record of this.#open) record.state = 'ABORTED'
    this.#open = []
  }

  #assertWriter(writerEpoch: number): void {
    this.assertUp()
    if (writerEpoch !== this.#writerEpoch) throw new Error('PRODUCER_FENCED')
  }
}

/** Of a user's state only the whole is, neither a tombstone nor what is left when it is withheld. */
function isLarge({ topic, value }: NewRecord): boolean {
  const { state } = value as { readonly state?: UserState }
  return topic !== stateTopic || (state?.user !== undefined && state.isWithheld !== true)
}
