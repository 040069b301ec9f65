import type { Clock as VerifierClock } from '@immersiverse/auth-client/verifier'
import type { Clock as ServiceClock } from '../../../services/auth/src/domain/clock.ts'
import type { Random } from '../time/make-random.ts'
import { beginningMs, type VirtualTime } from '../time/virtual-time.ts'

/** What is wrong with a machine's clocks from its start. */
export interface ClockFaults {
  readonly driftPpm: number
  readonly wallSkewMs: number
  /** Timers fire up to so much later than they should: the process has other things to do. */
  readonly latenessMs: number
}

/**
 * A process of the operating system: everything that comes from outside, answers and timers alike, enters through `deliver`. So it can be
 * stopped anywhere between two of them, which goes on where it was, and killed, after which nothing is ever heard.
 */
export class SimulatedProcess {
  readonly name: string
  readonly time: VirtualTime
  readonly clock: ServiceClock & VerifierClock
  readonly random: Random
  wallSkewMs: number
  /** What has been done to its clocks: never both, which together could hide time from every clock of the machine (`toElapsedMs`). */
  clockFault: 'WALL_STEPPED' | 'STOOD_STILL' | undefined
  #state: 'RUNNING' | 'PAUSED' | 'DEAD' = 'RUNNING'
  #standsStillSinceMs: number | undefined
  #stoodStillMs = 0
  #backlog: (() => void)[] = []
  readonly #faults: ClockFaults
  readonly #onDeath = new Set<() => void>()

  constructor(name: string, parts: { time: VirtualTime; random: Random; faults: ClockFaults }) {
    this.name = name
    this.time = parts.time
    this.random = parts.random
    this.#faults = parts.faults
    this.wallSkewMs = parts.faults.wallSkewMs
    this.clock = {
      now: () => new Date(this.#wallMs()),
      wallMs: () => this.#wallMs(),
      monotonicMs: () => this.#monotonicMs(),
      sleep: (ms, signal) => this.#sleep(ms, signal),
    }
  }

  get isDead(): boolean {
    return this.#state === 'DEAD'
  }

  get isRunning(): boolean {
    return this.#state === 'RUNNING'
  }

  /** Lets something in: now, when the process goes on, or never. */
  deliver(event: () => void): void {
    if (this.#state === 'RUNNING') event()
    else if (this.#state === 'PAUSED') this.#backlog.push(event)
  }

  /** Stops it where it is (SIGSTOP). With `standsStill` its monotonic clock stops too: the machine was suspended. */
  pause(standsStill: boolean): void {
    if (this.#state !== 'RUNNING') return
    this.#state = 'PAUSED'
    if (standsStill) this.#standsStillSinceMs = this.time.nowMs
  }

  /** Goes on; what has arrived meanwhile is let in, one after the other. */
  resume(): void {
    if (this.#state !== 'PAUSED') return
    if (this.#standsStillSinceMs !== undefined) {
      this.#stoodStillMs += this.time.nowMs - this.#standsStillSinceMs
    }
    this.#standsStillSinceMs = undefined
    this.#state = 'RUNNING'
    const backlog = this.#backlog
    this.#backlog = []
    for (const event of backlog) this.time.at(this.time.nowMs, () => this.deliver(event))
  }

  /** Ends it where it is (SIGKILL); tells those who hold connections with it. */
  kill(): void {
    if (this.#state === 'DEAD') return
    this.#state = 'DEAD'
    this.#backlog = []
    for (const tell of [...this.#onDeath]) tell()
    this.#onDeath.clear()
  }

  /** Remembers whom to tell that it was killed; the answer forgets it. */
  onDeath(tell: () => void): () => void {
    this.#onDeath.add(tell)
    return () => this.#onDeath.delete(tell)
  }

  #localMs(): number {
    return this.time.nowMs * (1 + this.#faults.driftPpm / 1e6)
  }

  #wallMs(): number {
    return Math.floor(beginningMs + this.#localMs() + this.wallSkewMs)
  }

  #monotonicMs(): number {
    const standing = this.#standsStillSinceMs === undefined ? 0 : this.time.nowMs - this.#standsStillSinceMs
    return this.#localMs() - this.#stoodStillMs - standing
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const localMs = Math.max(ms, 0) / (1 + this.#faults.driftPpm / 1e6)
      const lateMs = ms > 0 ? this.random.next() * this.#faults.latenessMs : 0
      const timer = this.time.after(localMs + lateMs, () => {
        signal?.removeEventListener('abort', onAbort)
        this.deliver(resolve)
      })
      const onAbort = () => {
        timer.fire = undefined
        resolve()
      }
      if (signal === undefined) return
      signal.addEventListener('abort', onAbort, { once: true })
      // Node keeps alive what listens to a signal made of others.
      timer.forget = () => signal.removeEventListener('abort', onAbort)
    })
  }
}
