import type { WatchRevocationsResponse } from '@immersiverse/auth-contract'
import { makeModelDatabase } from '../model-database/make-model-database.ts'
import type { ModelDatabase, ModelLatency } from '../model-database/model-database.ts'
import { History } from '../record/history.ts'
import { validateRecorded } from '../record/validate-recorded.ts'
import { makeRandom, type Random } from '../time/make-random.ts'
import { VirtualTime } from '../time/virtual-time.ts'
import type { Tamper } from './model-stream.ts'
import { Network } from './network.ts'
import { type AuthProcess, openAuthProcess } from './open-auth-process.ts'
import { openVerifyingProcess, type VerifyingProcess } from './open-verifying-process.ts'
import { makeModelAsk, makeModelKeys, makeModelSource } from './revocation-calls.ts'
import { chooseSettings, type WorldSettings } from './settings.ts'
import { type ClockFaults, SimulatedProcess } from './simulated-process.ts'
import type { Variant } from './variant.ts'
import { makeWorldKeys } from './world-keys.ts'

/** A place for an instance of the service: one runs there, or is being started. */
export interface Slot {
  readonly name: string
  process: SimulatedProcess
  /** Undefined while it starts. */
  auth: AuthProcess | undefined
  starts: number
}

/** Everything of one seed: a database, two instances of the service, verifying processes, a network, and the history of it all. */
export class World {
  readonly time = new VirtualTime()
  readonly random: Random
  readonly settings: WorldSettings
  readonly history: History
  readonly network: Network
  readonly model: ModelDatabase
  readonly slots: readonly Slot[]
  /** Users' devices and operators: they do not fail, their ways to the service do. */
  readonly outside: SimulatedProcess
  readonly verifiers: readonly VerifyingProcess[]
  readonly variant: Variant
  /** What happens to the records that a verifying process is sent, by its name. */
  readonly tampering = new Map<string, Tamper<WatchRevocationsResponse>>()
  readonly keys = makeWorldKeys()
  #lastId = 0

  constructor(seed: number, variant: Variant) {
    this.random = makeRandom(seed)
    this.variant = variant
    const chosen = chooseSettings(this.random)
    this.settings = variant.settings?.(chosen) ?? chosen
    this.history = new History(this.time)
    this.network = new Network(this.time, this.random.fork())
    const model = makeModelDatabase({
      time: this.time,
      random: this.random.fork().next,
      latency: chooseLatency(this.random.fork()),
      ...(variant.statements && { statements: variant.statements }),
    })
    this.model = model
    model.clock.offsetMs = Math.round(this.random.between(-2000, 2000))
    this.history.databaseAheadMs = model.clock.offsetMs
    this.outside = this.#makeProcess('outside')
    this.slots = ['auth-1', 'auth-2'].map((name) => this.#makeSlot(name))
    const verifiers = 1 + this.random.below(2)
    this.verifiers = Array.from({ length: verifiers }, (_, at) => this.#openVerifier(`verifier-${at + 1}`))
  }

  /** An instance, as a load balancer picks: seldom one that does not run. */
  readonly pick = (): AuthProcess | undefined => {
    const [first, second] = this.random.chance(0.5) ? this.slots : [...this.slots].reverse()
    const isDown = first?.auth === undefined || first.process.isDead
    return isDown && this.random.chance(0.8) ? second?.auth : first?.auth
  }

  /** Starts the instance of a place anew; the one before is dead. */
  restart(slot: Slot): void {
    slot.process = this.#makeProcess(`${slot.name}#${slot.starts}`)
    this.#start(slot)
  }

  #makeSlot(name: string): Slot {
    const slot: Slot = { name, process: this.#makeProcess(name), auth: undefined, starts: 0 }
    this.#start(slot)
    return slot
  }

  #start(slot: Slot): void {
    const { process } = slot
    slot.auth = undefined
    slot.starts++
    const parts = {
      process,
      database: this.model.open(process.name, process.clock.sleep),
      settings: this.settings,
      newId: this.newId,
      keys: this.keys,
      variant: this.variant.service ?? {},
    }
    void openAuthProcess(parts).then((auth) => {
      if (!process.isDead) slot.auth = auth
    })
  }

  #openVerifier(name: string): VerifyingProcess {
    const process = this.#makeProcess(name)
    const parts = {
      network: this.network,
      from: process,
      pick: this.pick,
      tamper: (item: WatchRevocationsResponse) => this.tampering.get(name)?.(item) ?? [item],
      validate: (auth: AuthProcess, token: string) => validateRecorded(this.history, auth, token),
    }
    return openVerifyingProcess({
      process,
      source: makeModelSource(parts),
      ask: makeModelAsk(parts),
      keys: makeModelKeys(parts),
      settings: this.settings,
      variant: this.variant.verifier ?? {},
    })
  }

  /** UUIDs in the order of their making, easy to read in a trace. */
  readonly newId = (): string => {
    this.#lastId++
    return `01890000-0000-7000-8000-${this.#lastId.toString(16).padStart(12, '0')}`
  }

  #makeProcess(name: string): SimulatedProcess {
    const random = this.random.fork()
    const faults: ClockFaults = {
      driftPpm: random.between(-200, 200),
      wallSkewMs: random.between(-10_000, 10_000),
      latenessMs: this.settings.latenessMs,
    }
    return new SimulatedProcess(name, { time: this.time, random, faults })
  }
}

/** Half of the ways take no time that is worth a timer; now and then the database is slow. */
function chooseLatency(random: Random): Partial<ModelLatency> {
  const slowestMs = random.chance(0.15) ? 40 : 1
  return { tripMs: () => (random.chance(0.5) ? 0 : random.between(0.1, slowestMs)) }
}
