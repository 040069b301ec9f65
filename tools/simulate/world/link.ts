import type { Random } from '../time/make-random.ts'
import type { VirtualTime } from '../time/virtual-time.ts'

/** HOLDS keeps what is sent until it works again (TCP repeats it), DROPS tells the sender, LOSES tells nobody. */
export type LinkState = 'WORKS' | 'HOLDS' | 'DROPS' | 'LOSES'

/** What goes from one process to another. */
export interface Message {
  readonly arrive: () => void
  /** Called where the sender hears that it did not arrive. */
  readonly fail: () => void
}

/** One way of a message, jitter apart, in milliseconds. */
export const usualLatencyMs = 0.3

/** The way between two processes, in both directions. */
export class Link {
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #held: Message[] = []
  readonly #connections = new Set<() => void>()
  latencyMs = usualLatencyMs
  jitterMs = 0.5
  #state: LinkState = 'WORKS'
  /** When the last of what was held will arrive: nothing that is sent later comes before it (TCP keeps the order). */
  #heldUntilMs = 0

  constructor(time: VirtualTime, random: Random) {
    this.#time = time
    this.#random = random
  }

  get state(): LinkState {
    return this.#state
  }

  /** Changes how it works from now on; connections break where it drops, and what was held goes on where it works again. */
  set state(state: LinkState) {
    this.#state = state
    if (state === 'DROPS') this.breakConnections()
    if (state !== 'WORKS') return
    for (const message of this.#held.splice(0)) this.#heldUntilMs = this.send(message)
  }

  /** Ends all connections over it, both ends being told. */
  breakConnections(): void {
    for (const end of [...this.#connections]) end()
    this.#connections.clear()
  }

  /** Remembers what to do when connections break; the answer forgets it. */
  onBreak(end: () => void): () => void {
    this.#connections.add(end)
    return () => this.#connections.delete(end)
  }

  nextDelayMs(): number {
    return this.latencyMs + this.#random.next() * this.jitterMs
  }

  /** Sends; `notBeforeMs` keeps the order of a stream. Returns when it will arrive if nothing comes between. */
  send(message: Message, notBeforeMs = 0): number {
    const arrivesMs = Math.max(this.#time.nowMs + this.nextDelayMs(), notBeforeMs, this.#heldUntilMs)
    if (this.#state === 'HOLDS') this.#held.push(message)
    else if (this.#state === 'DROPS') this.#time.at(arrivesMs, message.fail)
    else if (this.#state === 'WORKS') this.#time.at(arrivesMs, message.arrive)
    return arrivesMs
  }
}
