import { makeModelDatabase } from '../model-database/make-model-database.ts'
import type { ModelDatabase } from '../model-database/model-database.ts'
import { makeRandom, type Random } from '../time/make-random.ts'
import { VirtualTime } from '../time/virtual-time.ts'
import { Network } from '../world/network.ts'
import { SimulatedProcess } from '../world/simulated-process.ts'
import { Broker } from './broker.ts'
import { EventHistory } from './event-history.ts'
import { type EventProcess, type EventVariant, openEventProcess } from './event-process.ts'

/** A place for an instance of the service: one runs there, or is being started. */
export interface EventSlot {
  readonly name: string
  process: SimulatedProcess
  /** Undefined while it starts. */
  running: EventProcess | undefined
  starts: number
}

/** Everything of one seed: a database, a broker, three instances of the service, and the history of it all. */
export class EventWorld {
  readonly time = new VirtualTime()
  readonly random: Random
  readonly history: EventHistory
  readonly network: Network
  readonly broker: Broker
  readonly model: ModelDatabase
  readonly slots: readonly EventSlot[]
  readonly variant: EventVariant
  readonly #machine: SimulatedProcess
  readonly #batchSize: number
  readonly #retentionMs: number | undefined
  #lastId = 0

  constructor(seed: number, variant: EventVariant) {
    this.random = makeRandom(seed)
    this.variant = variant
    this.history = new EventHistory(this.time)
    this.network = new Network(this.time, this.random.fork())
    this.broker = new Broker(this.time)
    const slowestMs = this.random.chance(0.15) ? 40 : 1
    const latency = this.random.fork()
    this.model = makeModelDatabase({
      time: this.time,
      random: this.random.fork().next,
      latency: {
        tripMs: () => (latency.chance(0.5) ? 0 : latency.between(0.1, slowestMs)),
        executionMs: () => (latency.chance(0.5) ? 0 : latency.between(0, 2)),
      },
      ...(variant.statements && { statements: variant.statements }),
    })
    this.model.clock.offsetMs = Math.round(this.random.between(-2000, 2000))
    this.#batchSize = this.random.chooseOne([2, 5, 50])
    this.#retentionMs = this.random.chance(0.3) ? this.random.between(100, 2000) : undefined
    this.#machine = this.#makeProcess('broker')
    this.slots = ['auth-1', 'auth-2', 'auth-3'].map((name) => this.#makeSlot(name))
  }

  /** An instance that runs, as a load balancer picks. */
  readonly pick = (): EventSlot | undefined => {
    return this.random.findOne(
      this.slots.filter(({ running, process }) => running !== undefined && !process.isDead),
    )
  }

  /** Where the relay leads now. */
  findLeader(): EventSlot | undefined {
    return this.slots.find(({ running }) => running?.relay.status().leader)
  }

  /** The ways between an instance and the broker. */
  linkToBroker(slot: EventSlot) {
    return this.network.between(slot.process.name, this.#machine.name)
  }

  /** Starts the instance of a place anew; the one before is dead. */
  restart(slot: EventSlot): void {
    slot.process = this.#makeProcess(`${slot.name}#${slot.starts}`)
    this.#start(slot)
  }

  /** UUIDs in the order of their making, easy to read in a trace. */
  readonly newId = (): string => {
    this.#lastId++
    return `01890000-0000-7000-8000-${this.#lastId.toString(16).padStart(12, '0')}`
  }

  #makeSlot(name: string): EventSlot {
    const slot: EventSlot = { name, process: this.#makeProcess(name), running: undefined, starts: 0 }
    this.#start(slot)
    return slot
  }

  #start(slot: EventSlot): void {
    const { process } = slot
    slot.running = undefined
    slot.starts++
    const { broker, model, network, newId } = this
    const parts = {
      client: { process, network, machine: this.#machine, broker },
      database: model.open(process.name, process.clock.sleep),
      model,
      newId,
      batchSize: this.#batchSize,
      retentionMs: this.#retentionMs,
    }
    void openEventProcess(parts, this.variant).then((running) => {
      if (!process.isDead) slot.running = running
    })
  }

  #makeProcess(name: string): SimulatedProcess {
    const random = this.random.fork()
    const faults = {
      driftPpm: random.between(-200, 200),
      wallSkewMs: random.between(-10_000, 10_000),
      latenessMs: random.chooseOne([5, 80]),
    }
    return new SimulatedProcess(name, { time: this.time, random, faults })
  }
}
